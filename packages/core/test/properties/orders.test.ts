import { describeOrders } from './orders-property.js'

describeOrders(40, 300_000)
