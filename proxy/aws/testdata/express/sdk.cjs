// Does what boto.py does, as the SDK for JavaScript does it, to an endpoint.
const { S3Client, GetObjectCommand, PutObjectCommand, CopyObjectCommand, DeleteBucketCommand } = require("@aws-sdk/client-s3");

const [, , , address] = process.argv;
const s3 = new S3Client({ endpoint: "http://" + address, maxAttempts: 1 });
const outcomes = {};

async function attempt(name, command) {
  try {
    const answer = await s3.send(command);
    outcomes[name] = answer.Body ? await answer.Body.transformToString() : "ok";
  } catch (e) {
    outcomes[name] = e.name;
  }
}

(async () => {
  const media = "media--euw1-az1--x-s3", work = "work--euw1-az1--x-s3";
  await attempt("put", new PutObjectCommand({ Bucket: work, Key: "out/a b", Body: "hello" }));
  await attempt("get", new GetObjectCommand({ Bucket: work, Key: "in/a b" }));
  await attempt("get of a bucket to read", new GetObjectCommand({ Bucket: media, Key: "in/a" }));
  await attempt("get elsewhere", new GetObjectCommand({ Bucket: work, Key: "a" }));
  await attempt("put in a bucket to read", new PutObjectCommand({ Bucket: media, Key: "in/a", Body: "x" }));
  await attempt("copy", new CopyObjectCommand({ Bucket: work, Key: "out/c", CopySource: work + "/in/a" }));
  await attempt("another bucket", new GetObjectCommand({ Bucket: "other--euw1-az1--x-s3", Key: "in/a" }));
  await attempt("delete", new DeleteBucketCommand({ Bucket: work }));
  console.log(JSON.stringify(outcomes));
})();
