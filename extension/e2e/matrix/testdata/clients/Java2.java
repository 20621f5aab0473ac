import java.io.ByteArrayInputStream;
import java.io.InputStream;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.Executors;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import software.amazon.awssdk.awscore.AwsResponse;
import software.amazon.awssdk.awscore.client.builder.AwsClientBuilder;
import software.amazon.awssdk.awscore.client.builder.AwsSyncClientBuilder;
import software.amazon.awssdk.awscore.exception.AwsServiceException;
import software.amazon.awssdk.core.SdkBytes;
import software.amazon.awssdk.core.SdkResponse;
import software.amazon.awssdk.core.async.AsyncRequestBody;
import software.amazon.awssdk.core.async.AsyncResponseTransformer;
import software.amazon.awssdk.core.interceptor.Context;
import software.amazon.awssdk.core.interceptor.ExecutionAttributes;
import software.amazon.awssdk.core.interceptor.ExecutionInterceptor;
import software.amazon.awssdk.core.sync.RequestBody;
import software.amazon.awssdk.core.sync.ResponseTransformer;
import software.amazon.awssdk.http.ContentStreamProvider;
import software.amazon.awssdk.http.SdkHttpClient;
import software.amazon.awssdk.http.SdkHttpResponse;
import software.amazon.awssdk.http.apache.ApacheHttpClient;
import software.amazon.awssdk.http.urlconnection.UrlConnectionHttpClient;
import software.amazon.awssdk.protocols.jsoncore.JsonNode;
import software.amazon.awssdk.services.bedrockruntime.BedrockRuntimeAsyncClient;
import software.amazon.awssdk.services.bedrockruntime.BedrockRuntimeClient;
import software.amazon.awssdk.services.bedrockruntime.model.InvokeModelWithBidirectionalStreamInput;
import software.amazon.awssdk.services.bedrockruntime.model.InvokeModelWithBidirectionalStreamResponseHandler;
import software.amazon.awssdk.services.bedrockruntime.model.InvokeModelWithResponseStreamResponseHandler;
import software.amazon.awssdk.services.dynamodb.DynamoDbClient;
import software.amazon.awssdk.services.dynamodb.model.AttributeValue;
import software.amazon.awssdk.services.kinesis.KinesisAsyncClient;
import software.amazon.awssdk.services.kinesis.KinesisClient;
import software.amazon.awssdk.services.kinesis.model.SubscribeToShardResponseHandler;
import software.amazon.awssdk.services.s3.S3AsyncClient;
import software.amazon.awssdk.services.s3.S3Client;
import software.amazon.awssdk.services.s3.presigner.S3Presigner;
import software.amazon.awssdk.services.secretsmanager.SecretsManagerClient;
import software.amazon.awssdk.services.sfn.SfnClient;
import software.amazon.awssdk.services.sns.SnsClient;
import software.amazon.awssdk.services.sqs.SqsClient;
import software.amazon.awssdk.utils.async.SimplePublisher;

/** Makes the matrix's calls with the AWS SDK for Java v2: as boto.py. */
class Java2 {
  /** What is shown of an answer. */
  record Shown(SdkHttpResponse http, Object output) {}

  interface Call {
    Shown make(Map<String, JsonNode> in) throws Exception;
  }

  static final AtomicInteger ATTEMPTS = new AtomicInteger();

  static class Counting implements ExecutionInterceptor {
    @Override
    public void beforeTransmission(Context.BeforeTransmission c, ExecutionAttributes a) {
      ATTEMPTS.incrementAndGet();
    }
  }

  static final SdkHttpClient HTTP =
      "url".equals(System.getenv("REMIT_MATRIX_HTTP"))
          ? UrlConnectionHttpClient.create()
          : ApacheHttpClient.builder().maxConnections(200).build();

  static <C, B extends AwsClientBuilder<B, C>> C made(B builder) {
    builder.overrideConfiguration(o -> o.addExecutionInterceptor(new Counting()));
    if (builder instanceof AwsSyncClientBuilder<?, ?> sync) {
      sync.httpClient(HTTP);
    }
    return builder.build();
  }

  static final S3Client S3 = made(S3Client.builder());
  static final BedrockRuntimeAsyncClient SPEAKING = made(BedrockRuntimeAsyncClient.builder());

  static String text(Map<String, JsonNode> in, String name) {
    return in.get(name) == null ? null : in.get(name).asString();
  }

  static byte[] bytes(Map<String, JsonNode> in, String name) {
    JsonNode v = in.get(name);
    if (v.isObject()) {
      return new byte[Integer.parseInt(v.asObject().get("zeros").asNumber())];
    }
    return v.asString().getBytes(StandardCharsets.UTF_8);
  }

  static Object digest(byte[] b) throws Exception {
    String sum = HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(b));
    return Map.of("length", b.length, "sha256", sum);
  }

  static Shown shown(SdkResponse r, Object... more) {
    List<Object> output = new ArrayList<>(List.of(more));
    output.add(
        r.toString()
            .replaceAll("\\b(MessageId|LastModified|SequenceNumber|CreatedDate|ServerSideEncryption)=[^,)]*", "$1=its own"));
    return new Shown(r.sdkHttpResponse(), output);
  }

  static Map<String, AttributeValue> item(JsonNode v) {
    Map<String, AttributeValue> item = new HashMap<>();
    v.asObject().forEach((name, a) -> item.put(name, AttributeValue.fromS(a.asObject().get("S").asString())));
    return item;
  }

  static Shown get(Map<String, JsonNode> in) throws Exception {
    var r =
        S3.getObject(
            b -> b.bucket(text(in, "Bucket")).key(text(in, "Key")).range(text(in, "Range")).ifNoneMatch(text(in, "IfNoneMatch")),
            ResponseTransformer.toBytes());
    return shown(r.response(), digest(r.asByteArray()));
  }

  static Shown put(Map<String, JsonNode> in, boolean stream) {
    byte[] content = bytes(in, "Body");
    RequestBody body = RequestBody.fromBytes(content);
    if (stream) {
      // Read once, as the answer of another call is: no marks, and no second stream.
      InputStream once =
          new InputStream() {
            final ByteArrayInputStream rest = new ByteArrayInputStream(content);

            @Override
            public int read() {
              return rest.read();
            }

            @Override
            public int read(byte[] b, int at, int n) {
              return rest.read(b, at, n);
            }
          };
      body = RequestBody.fromInputStream(once, content.length);
    }
    Map<String, String> metadata = new HashMap<>();
    if (in.get("Metadata") != null) {
      in.get("Metadata").asObject().forEach((name, v) -> metadata.put(name, v.asString()));
    }
    return shown(
        S3.putObject(
            b -> b.bucket(text(in, "Bucket")).key(text(in, "Key")).contentType(text(in, "ContentType")).metadata(metadata), body));
  }

  static Shown copy(Map<String, JsonNode> in) {
    String[] source = text(in, "CopySource").split("/", 2);
    return shown(
        S3.copyObject(
            b -> b.destinationBucket(text(in, "Bucket")).destinationKey(text(in, "Key")).sourceBucket(source[0]).sourceKey(source[1])));
  }

  static Shown parts(Map<String, JsonNode> in) throws Exception {
    try (S3AsyncClient s3 = S3AsyncClient.builder().multipartEnabled(true).build()) {
      s3.putObject(b -> b.bucket(text(in, "Bucket")).key(text(in, "Key")), AsyncRequestBody.fromBytes(bytes(in, "Body"))).get();
      var back = s3.getObject(b -> b.bucket(text(in, "Bucket")).key(text(in, "Key")), AsyncResponseTransformer.toBytes()).get();
      return new Shown(null, digest(back.asByteArray()));
    }
  }

  static Shown presigned(Map<String, JsonNode> in) throws Exception {
    try (S3Presigner presigner = S3Presigner.create()) {
      var url =
          presigner.presignGetObject(
              p -> p.signatureDuration(Duration.ofMinutes(5)).getObjectRequest(b -> b.bucket(text(in, "Bucket")).key(text(in, "Key"))));
      // As the URL's user would, with what the JDK has; its proxy is a property's.
      var connection = (java.net.HttpURLConnection) url.url().openConnection(proxy(url.url().getProtocol()));
      int status = connection.getResponseCode();
      InputStream body = status < 400 ? connection.getInputStream() : connection.getErrorStream();
      Map<String, List<String>> headers = new HashMap<>(connection.getHeaderFields());
      headers.remove(null);
      return new Shown(SdkHttpResponse.builder().statusCode(status).headers(headers).build(), digest(body.readAllBytes()));
    }
  }

  static java.net.Proxy proxy(String scheme) {
    String set = System.getenv("HTTPS_PROXY");
    if (set == null || set.isEmpty() || !scheme.equals("https")) {
      return java.net.Proxy.NO_PROXY;
    }
    URI u = URI.create(set);
    return new java.net.Proxy(java.net.Proxy.Type.HTTP, new java.net.InetSocketAddress(u.getHost(), u.getPort()));
  }

  static Shown hear(Map<String, JsonNode> in) throws Exception {
    List<Object> heard = new ArrayList<>();
    SPEAKING
        .invokeModelWithResponseStream(
            b -> b.modelId(text(in, "modelId")).body(SdkBytes.fromUtf8String(text(in, "body"))),
            InvokeModelWithResponseStreamResponseHandler.builder()
                .subscriber(
                    InvokeModelWithResponseStreamResponseHandler.Visitor.builder()
                        .onChunk(c -> heard.add(c.bytes().asUtf8String()))
                        .build())
                .build())
        .get(60, TimeUnit.SECONDS);
    return new Shown(null, heard);
  }

  static Shown subscribe(Map<String, JsonNode> in) throws Exception {
    List<Object> heard = new ArrayList<>();
    try (KinesisAsyncClient kinesis = KinesisAsyncClient.create()) {
      kinesis
          .subscribeToShard(
              b -> b.consumerARN(text(in, "ConsumerARN")).shardId(text(in, "ShardId")).startingPosition(p -> p.type("LATEST")),
              SubscribeToShardResponseHandler.builder().subscriber(e -> heard.add(e.toString())).build())
          .get(60, TimeUnit.SECONDS);
    }
    return new Shown(null, heard);
  }

  /** Says a thing only once what was said before is answered. */
  static Shown converse(Map<String, JsonNode> in) throws Exception {
    List<Object> all = new ArrayList<>();
    BlockingQueue<Object> heard = new LinkedBlockingQueue<>();
    SimplePublisher<InvokeModelWithBidirectionalStreamInput> say = new SimplePublisher<>();
    CompletableFuture<Void> done =
        SPEAKING.invokeModelWithBidirectionalStream(
            b -> b.modelId(text(in, "modelId")),
            say,
            InvokeModelWithBidirectionalStreamResponseHandler.builder()
                .subscriber(
                    InvokeModelWithBidirectionalStreamResponseHandler.Visitor.builder()
                        .onChunk(c -> heard.add(c.bytes().asByteArray().length))
                        .build())
                .build());
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
    done.get(60, TimeUnit.SECONDS);
    return new Shown(null, all);
  }

  static final Map<String, Call> CALLS = new HashMap<>();

  static {
    CALLS.put("s3 GetObject", Java2::get);
    CALLS.put("s3 PutObject", in -> put(in, false));
    CALLS.put("s3 PutObject stream", in -> put(in, true));
    CALLS.put("s3 PutObject parts", Java2::parts);
    CALLS.put("s3 GetObject presign", Java2::presigned);
    CALLS.put("s3 CopyObject", Java2::copy);
    CALLS.put("s3 HeadObject", in -> shown(S3.headObject(b -> b.bucket(text(in, "Bucket")).key(text(in, "Key")))));
    CALLS.put("s3 DeleteObject", in -> shown(S3.deleteObject(b -> b.bucket(text(in, "Bucket")).key(text(in, "Key")))));
    CALLS.put("s3 ListObjectsV2", in -> shown(S3.listObjectsV2(b -> b.bucket(text(in, "Bucket")).prefix(text(in, "Prefix")).delimiter(text(in, "Delimiter")))));
    SqsClient sqs = made(SqsClient.builder());
    CALLS.put("sqs GetQueueUrl", in -> shown(sqs.getQueueUrl(b -> b.queueName(text(in, "QueueName")))));
    CALLS.put("sqs SendMessage", in -> shown(sqs.sendMessage(b -> b.queueUrl(text(in, "QueueUrl")).messageBody(text(in, "MessageBody")))));
    SnsClient sns = made(SnsClient.builder());
    CALLS.put("sns Publish", in -> shown(sns.publish(b -> b.topicArn(text(in, "TopicArn")).message(text(in, "Message")))));
    DynamoDbClient dynamodb = made(DynamoDbClient.builder());
    CALLS.put("dynamodb PutItem", in -> shown(dynamodb.putItem(b -> b.tableName(text(in, "TableName")).item(item(in.get("Item"))).conditionExpression(text(in, "ConditionExpression")))));
    CALLS.put("dynamodb GetItem", in -> shown(dynamodb.getItem(b -> b.tableName(text(in, "TableName")).key(item(in.get("Key"))))));
    SecretsManagerClient secrets = made(SecretsManagerClient.builder());
    CALLS.put("secretsmanager GetSecretValue", in -> {
      var r = secrets.getSecretValue(b -> b.secretId(text(in, "SecretId")));
      return shown(r, r.secretString());
    });
    SfnClient sfn = made(SfnClient.builder());
    CALLS.put("stepfunctions StartSyncExecution", in -> {
      var r = sfn.startSyncExecution(b -> b.stateMachineArn(text(in, "stateMachineArn")).input(text(in, "input")));
      return shown(r, r.output());
    });
    KinesisClient kinesis = made(KinesisClient.builder());
    CALLS.put("kinesis PutRecord", in -> shown(kinesis.putRecord(b -> b.streamName(text(in, "StreamName")).partitionKey(text(in, "PartitionKey")).data(SdkBytes.fromUtf8String(text(in, "Data"))))));
    if ("1".equals(System.getenv("REMIT_MATRIX_NETTY"))) { // see known.yaml
      CALLS.put("kinesis SubscribeToShard", Java2::subscribe);
      CALLS.put("bedrock-runtime InvokeModelWithResponseStream", Java2::hear);
      CALLS.put("bedrock-runtime InvokeModelWithBidirectionalStream converse", Java2::converse);
    }
    BedrockRuntimeClient bedrock = made(BedrockRuntimeClient.builder());
    CALLS.put("bedrock-runtime InvokeModel", in -> {
      var r = bedrock.invokeModel(b -> b.modelId(text(in, "modelId")).body(SdkBytes.fromUtf8String(text(in, "body"))));
      return shown(r, r.body().asUtf8String());
    });
  }

  /** Makes a call as often as it says, all at once. */
  static Shown often(Call call, Map<String, JsonNode> in, int times) throws Exception {
    var pool = Executors.newFixedThreadPool(times);
    try {
      List<CompletableFuture<String>> all = new ArrayList<>();
      for (int i = 0; i < times; i++) {
        all.add(
            CompletableFuture.supplyAsync(
                () -> {
                  try {
                    return String.valueOf(((List<?>) call.make(in).output()).get(0));
                  } catch (Exception e) {
                    throw new CompletionException(e);
                  }
                },
                pool));
      }
      var different = new TreeSet<Object>();
      for (var one : all) {
        different.add(one.get());
      }
      return new Shown(null, Map.of("different", different.size(), "times", times));
    } finally {
      pool.shutdown();
    }
  }

  static Map<String, Object> outcome(Map<String, JsonNode> one) {
    Map<String, Object> result = new LinkedHashMap<>();
    result.put("name", text(one, "name"));
    String how = text(one, "how");
    Call call = CALLS.get(text(one, "service") + " " + text(one, "operation") + (how == null ? "" : " " + how));
    if (call == null) {
      result.put("lacks", "no such operation");
      return result;
    }
    ATTEMPTS.set(0);
    try {
      int times = one.get("times") == null ? 1 : Integer.parseInt(one.get("times").asNumber());
      Map<String, JsonNode> in = one.get("input").asObject();
      Shown shown = times > 1 ? often(call, in, times) : call.make(in);
      result.put("status", shown.http() == null ? 200 : shown.http().statusCode());
      if (shown.http() != null) {
        result.put("headers", shown.http().headers());
      }
      result.put("output", shown.output());
    } catch (Exception thrown) {
      Throwable e = thrown;
      while (e.getCause() != null && !(e instanceof AwsServiceException)) {
        e = e.getCause();
      }
      result.put("type", e.getClass().getSimpleName());
      result.put("message", String.valueOf(e.getMessage()));
      result.put("error", e.getClass().getSimpleName());
      if (e instanceof AwsServiceException s) {
        result.put("status", s.statusCode());
        if (s.awsErrorDetails() != null) {
          result.put("error", s.awsErrorDetails().errorCode() == null ? "" + s.statusCode() : s.awsErrorDetails().errorCode());
          if (s.awsErrorDetails().sdkHttpResponse() != null) {
            result.put("headers", s.awsErrorDetails().sdkHttpResponse().headers());
          }
        }
      } else {
        e.printStackTrace();
      }
    }
    result.put("attempts", ATTEMPTS.get());
    return result;
  }

  static String json(Object v) {
    if (v instanceof Map<?, ?> m) {
      List<String> all = new ArrayList<>();
      m.forEach((name, member) -> all.add(json(name.toString()) + ":" + json(member)));
      return "{" + String.join(",", all) + "}";
    }
    if (v instanceof Collection<?> c) {
      return "[" + String.join(",", c.stream().map(Java2::json).toList()) + "]";
    }
    if (v == null || v instanceof Number) {
      return String.valueOf(v);
    }
    StringBuilder b = new StringBuilder("\"");
    v.toString().chars().forEach(c -> b.append(c < ' ' || c > '~' || c == '"' || c == '\\' ? String.format("\\u%04x", c) : String.valueOf((char) c)));
    return b.append('"').toString();
  }

  public static void main(String[] args) throws Exception {
    for (String line : new String(System.in.readAllBytes(), StandardCharsets.UTF_8).split("\n")) {
      System.out.println(json(outcome(JsonNode.parser().parse(line).asObject())));
    }
    System.exit(0);
  }
}
