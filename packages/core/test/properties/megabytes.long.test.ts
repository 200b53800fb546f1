import { describeMegabytes } from './megabytes.js'

describeMegabytes(Array.from({ length: 256 }, (_, code) => code))
