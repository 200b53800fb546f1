export { sampleBytes, sampleMark, sampleResponse } from './sample.js'
export { type StoreAbility, type StoreCase, type StoreCasesOptions, storeCases } from './store-cases.js'
