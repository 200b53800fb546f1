import { describeOrders } from './orders-property.js'

describeOrders(3_000, 3_600_000)
