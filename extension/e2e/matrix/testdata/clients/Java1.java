import com.amazonaws.AmazonServiceException;
import com.amazonaws.ClientConfiguration;
import com.amazonaws.Request;
import com.amazonaws.Response;
import com.amazonaws.client.builder.AwsSyncClientBuilder;
import com.amazonaws.handlers.HandlerBeforeAttemptContext;
import com.amazonaws.handlers.RequestHandler2;
import com.amazonaws.services.bedrockruntime.AmazonBedrockRuntimeClientBuilder;
import com.amazonaws.services.bedrockruntime.model.InvokeModelRequest;
import com.amazonaws.services.dynamodbv2.AmazonDynamoDBClientBuilder;
import com.amazonaws.services.dynamodbv2.model.AttributeValue;
import com.amazonaws.services.dynamodbv2.model.PutItemRequest;
import com.amazonaws.services.kinesis.AmazonKinesisClientBuilder;
import com.amazonaws.services.s3.AmazonS3;
import com.amazonaws.services.s3.AmazonS3ClientBuilder;
import com.amazonaws.services.s3.model.GetObjectRequest;
import com.amazonaws.services.s3.model.ListObjectsV2Request;
import com.amazonaws.services.s3.model.ObjectMetadata;
import com.amazonaws.services.s3.transfer.TransferManagerBuilder;
import com.amazonaws.services.secretsmanager.AWSSecretsManagerClientBuilder;
import com.amazonaws.services.secretsmanager.model.GetSecretValueRequest;
import com.amazonaws.services.sns.AmazonSNSClientBuilder;
import com.amazonaws.services.sqs.AmazonSQSClientBuilder;
import com.amazonaws.services.stepfunctions.AWSStepFunctionsClientBuilder;
import com.amazonaws.services.stepfunctions.model.StartSyncExecutionRequest;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.ByteArrayInputStream;
import java.io.File;
import java.io.InputStream;
import java.net.HttpURLConnection;
import java.net.URL;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.Date;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;

/** Makes the matrix's calls with the AWS SDK for Java v1: as boto.py. */
class Java1 {
  interface Call {
    Object make(JsonNode in) throws Exception;
  }

  static final ObjectMapper JSON = new ObjectMapper();
  static final AtomicInteger ATTEMPTS = new AtomicInteger();

  /** The last answer's, which S3's results show in part only. */
  static volatile int status;
  static volatile Map<String, String> headers;

  static class Watching extends RequestHandler2 {
    @Override
    public void beforeAttempt(HandlerBeforeAttemptContext c) {
      ATTEMPTS.incrementAndGet();
    }

    @Override
    public void afterResponse(Request<?> request, Response<?> r) {
      status = r.getHttpResponse().getStatusCode();
      headers = r.getHttpResponse().getHeaders();
    }

    @Override
    public void afterError(Request<?> request, Response<?> r, Exception e) {
      if (e instanceof AmazonServiceException s) {
        status = s.getStatusCode();
        headers = s.getHttpHeaders();
      }
    }
  }

  static <C> C made(AwsSyncClientBuilder<?, C> builder) {
    builder.setRequestHandlers(new Watching());
    builder.setClientConfiguration(new ClientConfiguration().withMaxConnections(200));
    return builder.build();
  }

  static final AmazonS3 S3 = made(AmazonS3ClientBuilder.standard());

  static String text(JsonNode in, String name) {
    return in.get(name) == null ? null : in.get(name).asText();
  }

  static byte[] bytes(JsonNode in, String name) {
    JsonNode v = in.get(name);
    return v.isObject() ? new byte[v.get("zeros").asInt()] : v.asText().getBytes(StandardCharsets.UTF_8);
  }

  static ByteBuffer buffer(JsonNode in, String name) {
    return ByteBuffer.wrap(bytes(in, name));
  }

  static Object digest(byte[] b) throws Exception {
    return Map.of("length", b.length, "sha256", HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(b)));
  }

  static Object shown(Object result) {
    return result.toString().replaceAll("\\b(MessageId|SequenceNumber|CreatedDate): [^,}]*", "$1: its own");
  }

  static Map<String, AttributeValue> item(JsonNode v) {
    Map<String, AttributeValue> item = new HashMap<>();
    v.properties().forEach(m -> item.put(m.getKey(), new AttributeValue(text(m.getValue(), "S"))));
    return item;
  }

  static Object get(JsonNode in) throws Exception {
    var request = new GetObjectRequest(text(in, "Bucket"), text(in, "Key"));
    if (text(in, "Range") != null) {
      String[] range = text(in, "Range").substring("bytes=".length()).split("-");
      request.setRange(Long.parseLong(range[0]), Long.parseLong(range[1]));
    }
    if (text(in, "IfNoneMatch") != null) {
      request.withNonmatchingETagConstraint(text(in, "IfNoneMatch"));
    }
    try (var object = S3.getObject(request)) {
      return object == null ? null : List.of(digest(object.getObjectContent().readAllBytes()), object.getObjectMetadata().getUserMetadata()); // null: not changed
    }
  }

  static Object put(JsonNode in, boolean stream) {
    byte[] content = bytes(in, "Body");
    var metadata = new ObjectMetadata();
    metadata.setContentLength(content.length);
    metadata.setContentType(text(in, "ContentType"));
    if (in.get("Metadata") != null) {
      in.get("Metadata").properties().forEach(m -> metadata.addUserMetadata(m.getKey(), m.getValue().asText()));
    }
    InputStream body = new ByteArrayInputStream(content);
    if (stream) {
      // Read once, as the answer of another call is: no marks.
      body =
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
    }
    return "ETag: " + S3.putObject(text(in, "Bucket"), text(in, "Key"), body, metadata).getETag();
  }

  static Object copy(JsonNode in) {
    String[] source = text(in, "CopySource").split("/", 2);
    return "ETag: " + S3.copyObject(source[0], source[1], text(in, "Bucket"), text(in, "Key")).getETag();
  }

  static Object list(JsonNode in) {
    var r = S3.listObjectsV2(new ListObjectsV2Request().withBucketName(text(in, "Bucket")).withPrefix(text(in, "Prefix")).withDelimiter(text(in, "Delimiter")));
    List<Object> all = new ArrayList<>(r.getCommonPrefixes());
    r.getObjectSummaries().forEach(o -> all.add(o.getKey() + " " + o.getSize() + " " + o.getETag()));
    return List.of(r.getKeyCount(), r.isTruncated(), all);
  }

  static Object parts(JsonNode in) throws Exception {
    var transfers = TransferManagerBuilder.standard().withS3Client(S3).withMultipartUploadThreshold(5L << 20).withMinimumUploadPartSize(5L << 20).build();
    File sent = File.createTempFile("sent", null), back = File.createTempFile("back", null);
    try {
      Files.write(sent.toPath(), bytes(in, "Body"));
      transfers.upload(text(in, "Bucket"), text(in, "Key"), sent).waitForCompletion();
      transfers.download(text(in, "Bucket"), text(in, "Key"), back).waitForCompletion();
      status = 200;
      headers = null; // of many answers
      return digest(Files.readAllBytes(back.toPath()));
    } finally {
      transfers.shutdownNow(false);
      sent.delete();
      back.delete();
    }
  }

  static Object presigned(JsonNode in) throws Exception {
    URL url = S3.generatePresignedUrl(text(in, "Bucket"), text(in, "Key"), new Date(System.currentTimeMillis() + 300_000));
    // As the URL's user would, with what the JDK has; its proxy is a property's.
    var connection = (HttpURLConnection) url.openConnection();
    status = connection.getResponseCode();
    headers = new HashMap<>();
    connection.getHeaderFields().forEach((name, v) -> {
      if (name != null) {
        headers.put(name, String.join(", ", v));
      }
    });
    try (InputStream body = status < 400 ? connection.getInputStream() : connection.getErrorStream()) {
      return digest(body.readAllBytes());
    }
  }

  static final Map<String, Call> CALLS = new HashMap<>();

  static {
    CALLS.put("s3 GetObject", Java1::get);
    CALLS.put("s3 PutObject", in -> put(in, false));
    CALLS.put("s3 PutObject stream", in -> put(in, true));
    CALLS.put("s3 PutObject parts", Java1::parts);
    CALLS.put("s3 GetObject presign", Java1::presigned);
    CALLS.put("s3 CopyObject", Java1::copy);
    CALLS.put("s3 HeadObject", in -> S3.getObjectMetadata(text(in, "Bucket"), text(in, "Key")).getUserMetadata());
    CALLS.put("s3 DeleteObject", in -> {
      S3.deleteObject(text(in, "Bucket"), text(in, "Key"));
      return null;
    });
    CALLS.put("s3 ListObjectsV2", Java1::list);
    var sqs = made(AmazonSQSClientBuilder.standard());
    CALLS.put("sqs GetQueueUrl", in -> shown(sqs.getQueueUrl(text(in, "QueueName"))));
    CALLS.put("sqs SendMessage", in -> shown(sqs.sendMessage(text(in, "QueueUrl"), text(in, "MessageBody"))));
    var sns = made(AmazonSNSClientBuilder.standard());
    CALLS.put("sns Publish", in -> shown(sns.publish(text(in, "TopicArn"), text(in, "Message"))));
    var dynamodb = made(AmazonDynamoDBClientBuilder.standard());
    CALLS.put("dynamodb PutItem", in -> shown(dynamodb.putItem(new PutItemRequest(text(in, "TableName"), item(in.get("Item"))).withConditionExpression(text(in, "ConditionExpression")))));
    CALLS.put("dynamodb GetItem", in -> shown(dynamodb.getItem(text(in, "TableName"), item(in.get("Key")))));
    var secrets = made(AWSSecretsManagerClientBuilder.standard());
    CALLS.put("secretsmanager GetSecretValue", in -> {
      var r = secrets.getSecretValue(new GetSecretValueRequest().withSecretId(text(in, "SecretId")));
      return List.of(shown(r), r.getSecretString()); // which it does not show
    });
    var sfn = made(AWSStepFunctionsClientBuilder.standard());
    CALLS.put("stepfunctions StartSyncExecution", in -> {
      var r = sfn.startSyncExecution(new StartSyncExecutionRequest().withStateMachineArn(text(in, "stateMachineArn")).withInput(text(in, "input")));
      return List.of(shown(r), r.getOutput());
    });
    var kinesis = made(AmazonKinesisClientBuilder.standard());
    CALLS.put("kinesis PutRecord", in -> shown(kinesis.putRecord(text(in, "StreamName"), buffer(in, "Data"), text(in, "PartitionKey"))));
    var bedrock = made(AmazonBedrockRuntimeClientBuilder.standard());
    CALLS.put("bedrock-runtime InvokeModel", in -> {
      var r = bedrock.invokeModel(new InvokeModelRequest().withModelId(text(in, "modelId")).withBody(buffer(in, "body")));
      return StandardCharsets.UTF_8.decode(r.getBody()).toString();
    });
  }

  /** Makes a call as often as it says, all at once. */
  static Object often(Call call, JsonNode in, int times) throws Exception {
    var pool = Executors.newFixedThreadPool(times);
    try {
      List<Future<Object>> all = new ArrayList<>();
      for (int i = 0; i < times; i++) {
        all.add(pool.submit(() -> call.make(in)));
      }
      var different = new TreeSet<String>();
      for (var one : all) {
        different.add(JSON.writeValueAsString(JSON.valueToTree(one.get()).findValue("sha256")));
      }
      headers = null; // the last one's
      return Map.of("different", different.size(), "times", times);
    } finally {
      pool.shutdown();
    }
  }

  static Map<String, Object> outcome(JsonNode one) {
    Map<String, Object> result = new LinkedHashMap<>();
    result.put("name", text(one, "name"));
    String how = text(one, "how");
    Call call = CALLS.get(text(one, "service") + " " + text(one, "operation") + (how == null ? "" : " " + how));
    if (call == null) {
      result.put("lacks", "no such operation");
      return result;
    }
    ATTEMPTS.set(0);
    status = 0;
    headers = null;
    try {
      int times = one.path("times").asInt(1);
      result.put("output", times > 1 ? often(call, one.get("input"), times) : call.make(one.get("input")));
    } catch (Exception thrown) {
      Throwable e = thrown;
      while (e.getCause() != null && !(e instanceof AmazonServiceException)) {
        e = e.getCause();
      }
      result.put("type", e.getClass().getSimpleName());
      result.put("message", String.valueOf(e.getMessage()));
      result.put("error", e.getClass().getSimpleName());
      if (e instanceof AmazonServiceException s) {
        result.put("error", s.getErrorCode() == null ? "" + s.getStatusCode() : s.getErrorCode());
      } else {
        e.printStackTrace();
      }
    }
    result.put("status", status);
    if (headers != null) {
      result.put("headers", headers);
    }
    result.put("attempts", ATTEMPTS.get());
    return result;
  }

  public static void main(String[] args) throws Exception {
    for (String line : new String(System.in.readAllBytes(), StandardCharsets.UTF_8).split("\n")) {
      System.out.println(JSON.writeValueAsString(outcome(JSON.readTree(line))));
    }
    System.exit(0);
  }
}
