/** Of a body that lies beside its metadata, and of one in chunks. */
export const small = '/1000/small'
export const large = '/1500000/large'

/** Both kinds, many of them. */
export const paths = Array.from({ length: 40 }, (_, i) => (i % 10 === 9 ? `/300000/${i}` : `/${1000 + i}/${i}`))

/** A store that hangs is not waited for any longer. */
export const limits = { storeTimeoutMs: 100 }
