// What function.py does, which says what that is.
let invocations = 0
let client

async function call(event) {
  const { S3Client, GetObjectCommand } = require('@aws-sdk/client-s3')
  client ??= new S3Client({})
  if (event.refresh) await client.config.credentials({ forceRefresh: true })
  try {
    await client.send(new GetObjectCommand({ Bucket: 'media-eu', Key: event.key }))
    return 'granted'
  } catch (e) {
    return e.name
  }
}

if (process.env.INIT === 'raise') throw new Error('not started on purpose')
console.log('the function is loaded')

exports.call = call
exports.handler = async (event, context) => {
  invocations++
  let echo = event.echo ?? null
  switch (event.do) {
    case 'tenant':
      echo = context.tenantId
      break
    case 'call':
      echo = await call(event)
      break
    case 'raise':
      throw new Error('raised on purpose')
    case 'exit':
      process.exit(3)
    case 'sleep':
      console.log('the function waits')
      await new Promise((done) => setTimeout(done, 1000 * (event.seconds ?? 60)))
  }
  return { invocation: invocations, key: !(process.env.AWS_ACCESS_KEY_ID || 'ASIAREMIT').startsWith('ASIAREMIT'), echo }
}

if (globalThis.awslambda?.streamifyResponse) {
  exports.stream = awslambda.streamifyResponse(async (event, stream) => {
    for (const piece of event.pieces) stream.write(piece)
    if (event.break) throw new Error('broken off on purpose')
    stream.end()
  })
}
