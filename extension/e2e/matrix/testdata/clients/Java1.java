import com.amazonaws.AmazonServiceException;
import com.amazonaws.ClientConfiguration;
import com.amazonaws.Request;
import com.amazonaws.Response;
import com.amazonaws.client.builder.AwsSyncClientBuilder;
import com.amazonaws.handlers.HandlerBeforeAttemptContext;
import com.amazonaws.handlers.RequestHandler2;
import com.amazonaws.services.bedrockruntime.AmazonBedrockRuntimeClientBuilder;
import com.amazonaws.services.cloudwatchevents.AmazonCloudWatchEventsClientBuilder;
import com.amazonaws.services.dynamodbv2.AmazonDynamoDBClientBuilder;
import com.amazonaws.services.kinesis.AmazonKinesisClientBuilder;
import com.amazonaws.services.kms.AWSKMSClientBuilder;
import com.amazonaws.services.lambda.AWSLambdaClientBuilder;
import com.amazonaws.services.s3.AmazonS3;
import com.amazonaws.services.s3.AmazonS3ClientBuilder;
import com.amazonaws.services.s3.model.CSVInput;
import com.amazonaws.services.s3.model.DeleteObjectsRequest;
import com.amazonaws.services.s3.model.GetObjectRequest;
import com.amazonaws.services.s3.model.InputSerialization;
import com.amazonaws.services.s3.model.JSONOutput;
import com.amazonaws.services.s3.model.ListObjectsV2Request;
import com.amazonaws.services.s3.model.ObjectMetadata;
import com.amazonaws.services.s3.model.OutputSerialization;
import com.amazonaws.services.s3.model.PutObjectRequest;
import com.amazonaws.services.s3.model.SelectObjectContentRequest;
import com.amazonaws.services.s3.transfer.TransferManagerBuilder;
import com.amazonaws.services.secretsmanager.AWSSecretsManagerClientBuilder;
import com.amazonaws.services.securitytoken.AWSSecurityTokenServiceClientBuilder;
import com.amazonaws.services.simplesystemsmanagement.AWSSimpleSystemsManagementClientBuilder;
import com.amazonaws.services.sns.AmazonSNSClientBuilder;
import com.amazonaws.services.sqs.AmazonSQS;
import com.amazonaws.services.sqs.AmazonSQSClientBuilder;
import com.amazonaws.services.stepfunctions.AWSStepFunctionsClientBuilder;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.ByteArrayInputStream;
import java.io.File;
import java.io.InputStream;
import java.lang.reflect.Method;
import java.net.HttpURLConnection;
import java.net.URL;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.util.ArrayList;
import java.util.Date;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

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

  /** A call of one of a service's methods, by its name; null if there is none. */
  static Call call(String service, String operation) {
    Method m = Beans.method(CLIENTS.get(service), operation);
    return m == null ? null : in -> Beans.plain(m.invoke(CLIENTS.get(service), Beans.filled(m.getParameterTypes()[0], in)));
  }

  static Object get(JsonNode in) throws Exception {
    var request = new GetObjectRequest(text(in, "Bucket"), text(in, "Key"));
    Matcher range = Pattern.compile("bytes=(\\d+)-(\\d+)").matcher(String.valueOf(text(in, "Range")));
    if (range.matches()) {
      request.setRange(Long.parseLong(range.group(1)), Long.parseLong(range.group(2)));
    } else if (text(in, "Range") != null) {
      request.putCustomRequestHeader("Range", text(in, "Range"));
    }
    if (text(in, "IfNoneMatch") != null) {
      request.withNonmatchingETagConstraint(text(in, "IfNoneMatch"));
    }
    if (text(in, "IfMatch") != null) {
      request.withMatchingETagConstraint(text(in, "IfMatch"));
    }
    try (var object = S3.getObject(request)) {
      return object == null ? "no object" : List.of(Beans.digest(object.getObjectContent().readAllBytes()), object.getObjectMetadata().getUserMetadata()); // null: not changed
    }
  }

  static Object put(JsonNode in, boolean stream) {
    byte[] content = Beans.bytes(in.get("Body"));
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
    var request = new PutObjectRequest(text(in, "Bucket"), text(in, "Key"), body, metadata);
    if (text(in, "IfNoneMatch") != null) {
      request.putCustomRequestHeader("If-None-Match", text(in, "IfNoneMatch"));
    }
    return "ETag: " + S3.putObject(request).getETag();
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

  static Object select(JsonNode in) throws Exception {
    var request = new SelectObjectContentRequest().withBucketName(text(in, "Bucket")).withKey(text(in, "Key"));
    request.withExpression(text(in, "Expression")).withExpressionType(text(in, "ExpressionType"));
    request.setInputSerialization(new InputSerialization().withCsv(new CSVInput().withFileHeaderInfo("NONE")));
    request.setOutputSerialization(new OutputSerialization().withJson(new JSONOutput().withRecordDelimiter(";")));
    try (var answer = S3.selectObjectContent(request)) {
      return Beans.digest(answer.getPayload().getRecordsInputStream().readAllBytes());
    }
  }

  /** Receives a message, and deletes it by its handle. */
  static Object receive(JsonNode in) throws Exception {
    AmazonSQS sqs = (AmazonSQS) CLIENTS.get("sqs");
    var r = sqs.receiveMessage(text(in, "QueueUrl"));
    int shown = status;
    Map<String, String> with = headers;
    sqs.deleteMessage(text(in, "QueueUrl"), r.getMessages().get(0).getReceiptHandle());
    status = shown;
    headers = with;
    return Beans.plain(r);
  }

  static Object parts(JsonNode in) throws Exception {
    var transfers = TransferManagerBuilder.standard().withS3Client(S3).withMultipartUploadThreshold(5L << 20).withMinimumUploadPartSize(5L << 20).build();
    File sent = File.createTempFile("sent", null), back = File.createTempFile("back", null);
    try {
      Files.write(sent.toPath(), Beans.bytes(in.get("Body")));
      transfers.upload(text(in, "Bucket"), text(in, "Key"), sent).waitForCompletion();
      transfers.download(text(in, "Bucket"), text(in, "Key"), back).waitForCompletion();
      status = 200;
      headers = null; // of many answers
      return Beans.digest(Files.readAllBytes(back.toPath()));
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
      return Beans.digest(body.readAllBytes());
    }
  }

  /** S3's client takes and gives no beans. */
  static final Map<String, Call> CALLS = new HashMap<>();

  static final Map<String, Object> CLIENTS = new HashMap<>();

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
    CALLS.put("s3 DeleteObjects", in -> {
      String[] keys = in.get("Delete").get("Objects").findValuesAsText("Key").toArray(new String[0]);
      var deleted = S3.deleteObjects(new DeleteObjectsRequest(text(in, "Bucket")).withKeys(keys)).getDeletedObjects();
      return deleted.stream().map(o -> o.getKey()).sorted().toList();
    });
    CALLS.put("s3 SelectObjectContent", Java1::select);
    CALLS.put("sqs ReceiveMessage receive", Java1::receive);
    CLIENTS.put("bedrock-runtime", made(AmazonBedrockRuntimeClientBuilder.standard()));
    CLIENTS.put("dynamodb", made(AmazonDynamoDBClientBuilder.standard()));
    CLIENTS.put("events", made(AmazonCloudWatchEventsClientBuilder.standard()));
    CLIENTS.put("kinesis", made(AmazonKinesisClientBuilder.standard()));
    CLIENTS.put("kms", made(AWSKMSClientBuilder.standard()));
    CLIENTS.put("lambda", made(AWSLambdaClientBuilder.standard()));
    CLIENTS.put("secretsmanager", made(AWSSecretsManagerClientBuilder.standard()));
    CLIENTS.put("sns", made(AmazonSNSClientBuilder.standard()));
    CLIENTS.put("sqs", made(AmazonSQSClientBuilder.standard()));
    CLIENTS.put("ssm", made(AWSSimpleSystemsManagementClientBuilder.standard()));
    CLIENTS.put("stepfunctions", made(AWSStepFunctionsClientBuilder.standard()));
    CLIENTS.put("sts", made(AWSSecurityTokenServiceClientBuilder.standard()));
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
    if (call == null && how == null && CLIENTS.containsKey(text(one, "service"))) {
      call = call(text(one, "service"), text(one, "operation"));
    }
    if (call == null) {
      result.put("lacks", "no such operation");
      return result;
    }
    if (one.path("input").path("Range").asText().startsWith("bytes=-")) {
      result.put("lacks", "a range from the end");
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
