import { describeMegabytes } from './megabytes.js'

const codesOf = (characters: string) => [...Buffer.from(characters, 'latin1')]

// Those that may mean something, and one of each kind of the others; at length, all of them.
describeMegabytes(codesOf('\0\t\n\v\r\x1f !"#$%&\'()*+,-./09:;<=>?@AZ[\\]^_`aez{|}~\x7f\x80\xa0\xff'))
