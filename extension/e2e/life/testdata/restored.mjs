// The function in Node, where a snapshot is taken. The runtime's client does not
// wait for the restore, so this does.
import http from 'node:http'
import { call, handler } from './app.cjs'

console.log('at the start:', await call({ key: 'in/start' }))
await new Promise((done, fail) => {
  http.get(`http://${process.env.AWS_LAMBDA_RUNTIME_API}/2018-06-01/runtime/restore/next`, (answer) => answer.resume().on('end', done)).on('error', fail)
})

export { handler }
