// A real proxy in a process of its own: the package is there as an ES module only. Prints its port, then what it is asked.
import { createServer } from 'node:http'
import { createProxy } from 'proxy'

const proxy = createProxy(createServer())
for (const event of ['request', 'connect']) {
  proxy.prependListener(event, ({ method, url }) => console.log(`${method} ${url}`))
}
proxy.listen(0, '127.0.0.1', () => console.log(proxy.address().port))
// It ends with the process that started it, however that ends.
process.stdin.on('end', () => process.exit()).resume()
