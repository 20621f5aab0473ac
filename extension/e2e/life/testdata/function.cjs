// What function.py does, which says what that is.
let invocations = 0

if (process.env.INIT === 'raise') throw new Error('not started on purpose')
console.log('the function is loaded')

exports.handler = async (event) => {
  invocations++
  switch (event.do) {
    case 'raise':
      throw new Error('raised on purpose')
    case 'exit':
      process.exit(3)
    case 'sleep':
      console.log('the function waits')
      await new Promise((done) => setTimeout(done, 1000 * (event.seconds ?? 60)))
  }
  return { invocation: invocations, key: 'AWS_SECRET_ACCESS_KEY' in process.env, echo: event.echo ?? null }
}

if (globalThis.awslambda?.streamifyResponse) {
  exports.stream = awslambda.streamifyResponse(async (event, stream) => {
    for (const piece of event.pieces) stream.write(piece)
    if (event.break) throw new Error('broken off on purpose')
    stream.end()
  })
}
