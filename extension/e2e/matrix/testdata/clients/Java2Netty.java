import java.io.ByteArrayInputStream;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import software.amazon.awssdk.awscore.client.builder.AwsAsyncClientBuilder;
import software.amazon.awssdk.awscore.client.builder.AwsClientBuilder;
import software.amazon.awssdk.core.SdkBytes;
import software.amazon.awssdk.core.async.AsyncRequestBody;
import software.amazon.awssdk.core.async.AsyncResponseTransformer;
import software.amazon.awssdk.http.nio.netty.NettyNioAsyncHttpClient;
import software.amazon.awssdk.protocols.jsoncore.JsonNode;
import software.amazon.awssdk.services.bedrockruntime.BedrockRuntimeAsyncClient;
import software.amazon.awssdk.services.bedrockruntime.model.InvokeModelWithBidirectionalStreamInput;
import software.amazon.awssdk.services.bedrockruntime.model.InvokeModelWithBidirectionalStreamResponseHandler;
import software.amazon.awssdk.services.bedrockruntime.model.InvokeModelWithResponseStreamResponseHandler;
import software.amazon.awssdk.services.dynamodb.DynamoDbAsyncClient;
import software.amazon.awssdk.services.eventbridge.EventBridgeAsyncClient;
import software.amazon.awssdk.services.kinesis.KinesisAsyncClient;
import software.amazon.awssdk.services.kinesis.model.SubscribeToShardResponseHandler;
import software.amazon.awssdk.services.kms.KmsAsyncClient;
import software.amazon.awssdk.services.lambda.LambdaAsyncClient;
import software.amazon.awssdk.services.lambda.model.InvokeWithResponseStreamResponseHandler;
import software.amazon.awssdk.services.s3.S3AsyncClient;
import software.amazon.awssdk.services.s3.model.GetObjectRequest;
import software.amazon.awssdk.services.s3.model.PutObjectRequest;
import software.amazon.awssdk.services.s3.model.SelectObjectContentRequest;
import software.amazon.awssdk.services.s3.model.SelectObjectContentResponseHandler;
import software.amazon.awssdk.services.secretsmanager.SecretsManagerAsyncClient;
import software.amazon.awssdk.services.sfn.SfnAsyncClient;
import software.amazon.awssdk.services.sns.SnsAsyncClient;
import software.amazon.awssdk.services.sqs.SqsAsyncClient;
import software.amazon.awssdk.services.sqs.model.ReceiveMessageRequest;
import software.amazon.awssdk.services.ssm.SsmAsyncClient;
import software.amazon.awssdk.services.sts.StsAsyncClient;
import software.amazon.awssdk.utils.async.SimplePublisher;

/** Makes the calls of Java2 with the SDK's clients that do not wait, over Netty, which have the streams of events as well. */
class Java2Netty {
  static <C, B extends AwsClientBuilder<B, C>> C made(B builder) {
    ((AwsAsyncClientBuilder<?, ?>) builder).httpClientBuilder(NettyNioAsyncHttpClient.builder());
    return Java2.made(builder);
  }

  static final S3AsyncClient S3 = made(S3AsyncClient.builder());
  static final BedrockRuntimeAsyncClient BEDROCK = made(BedrockRuntimeAsyncClient.builder());
  static final KinesisAsyncClient KINESIS = made(KinesisAsyncClient.builder());
  static final LambdaAsyncClient LAMBDA = made(LambdaAsyncClient.builder());
  static final SqsAsyncClient SQS = made(SqsAsyncClient.builder());

  static Java2.Shown get(Map<String, JsonNode> in) throws Exception {
    var r = S3.getObject((GetObjectRequest) Java2.request(Java2.method("s3", "GetObject"), in), AsyncResponseTransformer.toBytes()).join();
    return Java2.shown(r.response(), Members.digest(r.asByteArray()));
  }

  static Java2.Shown put(Map<String, JsonNode> in, boolean stream) throws Exception {
    byte[] content = Members.bytes(in.get("Body"));
    var request = (PutObjectRequest) Members.filled(PutObjectRequest.builder(), in);
    if (!stream) {
      return Java2.shown(S3.putObject(request, AsyncRequestBody.fromBytes(content)).join());
    }
    ExecutorService reader = Executors.newSingleThreadExecutor();
    try {
      var once = new ByteArrayInputStream(content) {
        @Override
        public boolean markSupported() {
          return false;
        }
      };
      return Java2.shown(S3.putObject(request, AsyncRequestBody.fromInputStream(once, (long) content.length, reader)).join());
    } finally {
      reader.shutdownNow();
    }
  }

  static Java2.Shown copy(Map<String, JsonNode> in) throws Exception {
    String[] source = Java2.text(in, "CopySource").split("/", 2);
    return Java2.shown(
        S3.copyObject(b -> b.destinationBucket(Java2.text(in, "Bucket")).destinationKey(Java2.text(in, "Key")).sourceBucket(source[0]).sourceKey(source[1]))
            .join());
  }

  /** Receives a message, and deletes it by its handle. */
  static Java2.Shown receive(Map<String, JsonNode> in) throws Exception {
    var r = SQS.receiveMessage((ReceiveMessageRequest) Members.filled(ReceiveMessageRequest.builder(), in)).join();
    SQS.deleteMessage(b -> b.queueUrl(Java2.text(in, "QueueUrl")).receiptHandle(r.messages().get(0).receiptHandle())).join();
    return Java2.shown(r);
  }

  static Java2.Shown heard(CompletableFuture<Void> done, List<Object> heard) throws Exception {
    done.get(60, TimeUnit.SECONDS);
    return new Java2.Shown(null, heard);
  }

  static Java2.Shown hear(Map<String, JsonNode> in) throws Exception {
    List<Object> heard = new ArrayList<>();
    var each = InvokeModelWithResponseStreamResponseHandler.Visitor.builder().onChunk(c -> heard.add(c.bytes().asUtf8String())).build();
    return heard(
        BEDROCK.invokeModelWithResponseStream(
            b -> b.modelId(Java2.text(in, "modelId")).body(SdkBytes.fromByteArray(Members.bytes(in.get("body")))),
            InvokeModelWithResponseStreamResponseHandler.builder().subscriber(each).build()),
        heard);
  }

  static Java2.Shown hearFunction(Map<String, JsonNode> in) throws Exception {
    List<Object> heard = new ArrayList<>();
    return heard(
        LAMBDA.invokeWithResponseStream(
            b -> b.functionName(Java2.text(in, "FunctionName")).payload(SdkBytes.fromByteArray(Members.bytes(in.get("Payload")))),
            InvokeWithResponseStreamResponseHandler.builder().subscriber(e -> heard.add(e.toString())).build()),
        heard);
  }

  static Java2.Shown select(Map<String, JsonNode> in) throws Exception {
    List<Object> heard = new ArrayList<>();
    var request = (SelectObjectContentRequest) Members.filled(SelectObjectContentRequest.builder(), in);
    return heard(S3.selectObjectContent(request, SelectObjectContentResponseHandler.builder().subscriber(e -> heard.add(e.toString())).build()), heard);
  }

  static Java2.Shown subscribe(Map<String, JsonNode> in) throws Exception {
    List<Object> heard = new ArrayList<>();
    return heard(
        KINESIS.subscribeToShard(
            b -> b.consumerARN(Java2.text(in, "ConsumerARN")).shardId(Java2.text(in, "ShardId")).startingPosition(p -> p.type("LATEST")),
            SubscribeToShardResponseHandler.builder().subscriber(e -> heard.add(e.toString())).build()),
        heard);
  }

  /** Says a thing only once what was said before is answered. */
  static Java2.Shown converse(Map<String, JsonNode> in) throws Exception {
    List<Object> all = new ArrayList<>();
    BlockingQueue<Object> heard = new LinkedBlockingQueue<>();
    SimplePublisher<InvokeModelWithBidirectionalStreamInput> say = new SimplePublisher<>();
    var each = InvokeModelWithBidirectionalStreamResponseHandler.Visitor.builder().onChunk(c -> heard.add(c.bytes().asByteArray().length)).build();
    CompletableFuture<Void> done =
        BEDROCK.invokeModelWithBidirectionalStream(
            b -> b.modelId(Java2.text(in, "modelId")), say, InvokeModelWithBidirectionalStreamResponseHandler.builder().subscriber(each).build());
    done.whenComplete((ok, e) -> heard.add(e == null ? "the end" : e));
    for (int size : new int[] {1, 1000, 100000}) {
      say.send(InvokeModelWithBidirectionalStreamInput.chunkBuilder().bytes(SdkBytes.fromByteArray(new byte[size])).build());
      Object answer = heard.poll(60, TimeUnit.SECONDS);
      if (answer instanceof Exception e) {
        throw e;
      }
      all.add(String.valueOf(answer));
    }
    say.complete();
    return heard(done, all);
  }

  public static void main(String[] args) throws Exception {
    Java2.CLIENTS.put("bedrock-runtime", BEDROCK);
    Java2.CLIENTS.put("dynamodb", made(DynamoDbAsyncClient.builder()));
    Java2.CLIENTS.put("events", made(EventBridgeAsyncClient.builder()));
    Java2.CLIENTS.put("kinesis", KINESIS);
    Java2.CLIENTS.put("kms", made(KmsAsyncClient.builder()));
    Java2.CLIENTS.put("lambda", LAMBDA);
    Java2.CLIENTS.put("s3", S3);
    Java2.CLIENTS.put("secretsmanager", made(SecretsManagerAsyncClient.builder()));
    Java2.CLIENTS.put("sns", made(SnsAsyncClient.builder()));
    Java2.CLIENTS.put("sqs", SQS);
    Java2.CLIENTS.put("ssm", made(SsmAsyncClient.builder()));
    Java2.CLIENTS.put("stepfunctions", made(SfnAsyncClient.builder()));
    Java2.CLIENTS.put("sts", made(StsAsyncClient.builder()));
    Java2.CALLS.put("s3 GetObject", Java2Netty::get);
    Java2.CALLS.put("s3 PutObject", in -> put(in, false));
    Java2.CALLS.put("s3 PutObject stream", in -> put(in, true));
    Java2.CALLS.put("s3 CopyObject", Java2Netty::copy);
    Java2.CALLS.put("s3 SelectObjectContent", Java2Netty::select);
    Java2.CALLS.put("sqs ReceiveMessage receive", Java2Netty::receive);
    Java2.CALLS.put("kinesis SubscribeToShard", Java2Netty::subscribe);
    Java2.CALLS.put("lambda InvokeWithResponseStream", Java2Netty::hearFunction);
    Java2.CALLS.put("bedrock-runtime InvokeModelWithResponseStream", Java2Netty::hear);
    Java2.CALLS.put("bedrock-runtime InvokeModelWithBidirectionalStream converse", Java2Netty::converse);
    Java2.main(args);
  }
}
