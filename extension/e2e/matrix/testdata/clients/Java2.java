import java.io.ByteArrayInputStream;
import java.io.InputStream;
import java.lang.reflect.Method;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicInteger;
import software.amazon.awssdk.awscore.client.builder.AwsClientBuilder;
import software.amazon.awssdk.awscore.client.builder.AwsSyncClientBuilder;
import software.amazon.awssdk.awscore.exception.AwsServiceException;
import software.amazon.awssdk.core.SdkPojo;
import software.amazon.awssdk.core.SdkRequest;
import software.amazon.awssdk.core.SdkResponse;
import software.amazon.awssdk.core.async.AsyncRequestBody;
import software.amazon.awssdk.core.async.AsyncResponseTransformer;
import software.amazon.awssdk.core.interceptor.Context;
import software.amazon.awssdk.core.interceptor.ExecutionAttributes;
import software.amazon.awssdk.core.interceptor.ExecutionInterceptor;
import software.amazon.awssdk.core.sync.RequestBody;
import software.amazon.awssdk.core.sync.ResponseTransformer;
import software.amazon.awssdk.http.SdkHttpClient;
import software.amazon.awssdk.http.SdkHttpResponse;
import software.amazon.awssdk.http.apache.ApacheHttpClient;
import software.amazon.awssdk.http.crt.AwsCrtHttpClient;
import software.amazon.awssdk.http.urlconnection.UrlConnectionHttpClient;
import software.amazon.awssdk.protocols.jsoncore.JsonNode;
import software.amazon.awssdk.services.bedrockruntime.BedrockRuntimeClient;
import software.amazon.awssdk.services.dynamodb.DynamoDbClient;
import software.amazon.awssdk.services.eventbridge.EventBridgeClient;
import software.amazon.awssdk.services.kinesis.KinesisClient;
import software.amazon.awssdk.services.kms.KmsClient;
import software.amazon.awssdk.services.lambda.LambdaClient;
import software.amazon.awssdk.services.s3.S3AsyncClient;
import software.amazon.awssdk.services.s3.S3Client;
import software.amazon.awssdk.services.s3.model.GetObjectRequest;
import software.amazon.awssdk.services.s3.model.PutObjectRequest;
import software.amazon.awssdk.services.s3.presigner.S3Presigner;
import software.amazon.awssdk.services.secretsmanager.SecretsManagerClient;
import software.amazon.awssdk.services.sfn.SfnClient;
import software.amazon.awssdk.services.sns.SnsClient;
import software.amazon.awssdk.services.sqs.SqsClient;
import software.amazon.awssdk.services.sqs.model.ReceiveMessageRequest;
import software.amazon.awssdk.services.ssm.SsmClient;
import software.amazon.awssdk.services.sts.StsClient;

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
      switch (System.getenv("REMIT_MATRIX_HTTP")) {
        case "url" -> UrlConnectionHttpClient.create();
        case "crt" -> AwsCrtHttpClient.builder().maxConcurrency(200).build();
        case "crt-proxy" -> AwsCrtHttpClient.builder().maxConcurrency(200).proxyConfiguration(Java2::told).build();
        default -> ApacheHttpClient.builder().maxConnections(200).build();
      };

  /** Tells the CRT's client of the proxy, which it takes from no variable or property by itself. */
  static void told(software.amazon.awssdk.http.crt.ProxyConfiguration.Builder p) {
    URI proxy = URI.create(System.getenv("HTTPS_PROXY"));
    p.useSystemPropertyValues(false).useEnvironmentVariableValues(false).host(proxy.getHost()).port(proxy.getPort());
  }

  static <C, B extends AwsClientBuilder<B, C>> C made(B builder) {
    builder.overrideConfiguration(o -> o.addExecutionInterceptor(new Counting()));
    if (builder instanceof AwsSyncClientBuilder<?, ?> sync) {
      sync.httpClient(HTTP);
    }
    return builder.build();
  }

  static final S3Client S3 = made(S3Client.builder());
  static final Map<String, Object> CLIENTS = new HashMap<>();

  static {
    CLIENTS.put("bedrock-runtime", made(BedrockRuntimeClient.builder()));
    CLIENTS.put("dynamodb", made(DynamoDbClient.builder()));
    CLIENTS.put("events", made(EventBridgeClient.builder()));
    CLIENTS.put("kinesis", made(KinesisClient.builder()));
    CLIENTS.put("kms", made(KmsClient.builder()));
    CLIENTS.put("lambda", made(LambdaClient.builder()));
    CLIENTS.put("s3", S3);
    CLIENTS.put("secretsmanager", made(SecretsManagerClient.builder()));
    CLIENTS.put("sns", made(SnsClient.builder()));
    CLIENTS.put("sqs", made(SqsClient.builder()));
    CLIENTS.put("ssm", made(SsmClient.builder()));
    CLIENTS.put("stepfunctions", made(SfnClient.builder()));
    CLIENTS.put("sts", made(StsClient.builder()));
  }

  static String text(Map<String, JsonNode> in, String name) {
    return in.get(name) == null ? null : in.get(name).asString();
  }

  static Shown shown(SdkResponse r, Object... more) throws Exception {
    List<Object> output = new ArrayList<>(List.of(more));
    output.add(Members.plain(r));
    return new Shown(r.sdkHttpResponse(), output);
  }

  /** The operation's method that takes nothing but its input; null if there is none. */
  static Method method(String service, String operation) {
    String name = operation.substring(0, 1).toLowerCase() + operation.substring(1);
    for (Method m : CLIENTS.get(service).getClass().getInterfaces()[0].getMethods()) {
      if (m.getName().equals(name) && m.getParameterCount() > 0 && SdkRequest.class.isAssignableFrom(m.getParameterTypes()[0])) {
        return m;
      }
    }
    return null;
  }

  static Object request(Method m, Map<String, JsonNode> in) throws Exception {
    return Members.filled((SdkPojo) m.getParameterTypes()[0].getMethod("builder").invoke(null), in);
  }

  static Call call(String service, String operation) {
    Method m = method(service, operation);
    return m == null || m.getParameterCount() > 1 ? null : in -> shown(answer(m.invoke(CLIENTS.get(service), request(m, in))));
  }

  /** The answer, of a client that waits for it or of one that does not. */
  static SdkResponse answer(Object made) {
    return (SdkResponse) (made instanceof CompletableFuture<?> f ? f.join() : made);
  }

  static Shown get(Map<String, JsonNode> in) throws Exception {
    var r = S3.getObject((GetObjectRequest) request(method("s3", "GetObject"), in), ResponseTransformer.toBytes());
    return shown(r.response(), Members.digest(r.asByteArray()));
  }

  /** Receives a message, and deletes it by its handle. */
  static Shown receive(Map<String, JsonNode> in) throws Exception {
    SqsClient sqs = (SqsClient) CLIENTS.get("sqs");
    var r = sqs.receiveMessage((ReceiveMessageRequest) request(method("sqs", "ReceiveMessage"), in));
    sqs.deleteMessage(b -> b.queueUrl(text(in, "QueueUrl")).receiptHandle(r.messages().get(0).receiptHandle()));
    return shown(r);
  }

  static Shown put(Map<String, JsonNode> in, boolean stream) throws Exception {
    byte[] content = Members.bytes(in.get("Body"));
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
    return shown(S3.putObject((PutObjectRequest) request(method("s3", "PutObject"), in), body));
  }

  static Shown copy(Map<String, JsonNode> in) throws Exception {
    String[] source = text(in, "CopySource").split("/", 2);
    return shown(
        S3.copyObject(
            b -> b.destinationBucket(text(in, "Bucket")).destinationKey(text(in, "Key")).sourceBucket(source[0]).sourceKey(source[1])));
  }

  static Shown parts(Map<String, JsonNode> in) throws Exception {
    try (S3AsyncClient s3 = System.getenv("REMIT_MATRIX_HTTP").startsWith("crt") ? S3AsyncClient.crtCreate() : S3AsyncClient.builder().multipartEnabled(true).build()) {
      s3.putObject(b -> b.bucket(text(in, "Bucket")).key(text(in, "Key")), AsyncRequestBody.fromBytes(Members.bytes(in.get("Body")))).get();
      var back = s3.getObject(b -> b.bucket(text(in, "Bucket")).key(text(in, "Key")), AsyncResponseTransformer.toBytes()).get();
      return new Shown(null, Members.digest(back.asByteArray()));
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
      return new Shown(SdkHttpResponse.builder().statusCode(status).headers(headers).build(), Members.digest(body.readAllBytes()));
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

  static final Map<String, Call> CALLS = new HashMap<>();

  static {
    CALLS.put("s3 GetObject", Java2::get);
    CALLS.put("s3 PutObject", in -> put(in, false));
    CALLS.put("s3 PutObject stream", in -> put(in, true));
    CALLS.put("s3 PutObject parts", Java2::parts);
    CALLS.put("s3 GetObject presign", Java2::presigned);
    CALLS.put("s3 CopyObject", Java2::copy);
    CALLS.put("sqs ReceiveMessage receive", Java2::receive);
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
    if (call == null && how == null) {
      call = call(text(one, "service"), text(one, "operation"));
    }
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

  public static void main(String[] args) throws Exception {
    for (String line : new String(System.in.readAllBytes(), StandardCharsets.UTF_8).split("\n")) {
      System.out.println(Members.json(outcome(JsonNode.parser().parse(line).asObject())));
    }
    System.exit(0);
  }
}
