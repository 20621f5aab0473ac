import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import software.amazon.awssdk.awscore.client.builder.AwsSyncClientBuilder;
import software.amazon.awssdk.awscore.exception.AwsServiceException;
import software.amazon.awssdk.core.retry.RetryMode;
import software.amazon.awssdk.http.urlconnection.UrlConnectionHttpClient;
import software.amazon.awssdk.protocols.jsoncore.JsonNode;
import software.amazon.awssdk.services.cloudwatch.CloudWatchClient;
import software.amazon.awssdk.services.dynamodb.DynamoDbClient;
import software.amazon.awssdk.services.dynamodb.model.AttributeValue;
import software.amazon.awssdk.services.kinesis.KinesisClient;
import software.amazon.awssdk.services.kms.KmsClient;
import software.amazon.awssdk.services.lambda.LambdaClient;
import software.amazon.awssdk.services.s3.S3Client;
import software.amazon.awssdk.services.secretsmanager.SecretsManagerClient;
import software.amazon.awssdk.services.sns.SnsClient;
import software.amazon.awssdk.services.sqs.SqsClient;

/**
 * Makes calls with the AWS SDK for Java v2 that are all denied: see denysdk_test.go. As boto.py;
 * what it has no client for here it skips.
 */
class Deny {
  /** One call, and the client that it takes. */
  interface Call {
    void make(URI endpoint, Map<String, JsonNode> in);
  }

  static <B extends AwsSyncClientBuilder<B, C>, C> C client(URI endpoint, B builder) {
    builder.httpClientBuilder(UrlConnectionHttpClient.builder());
    if (builder instanceof software.amazon.awssdk.awscore.client.builder.AwsClientBuilder<?, ?> b) {
      b.endpointOverride(endpoint);
      // In the query protocol it leaves the endpoint's path out.
      b.overrideConfiguration(o -> o.retryStrategy(RetryMode.STANDARD).putHeader("X-Denial", endpoint.getPath()));
    }
    @SuppressWarnings("unchecked")
    C client = (C) ((software.amazon.awssdk.utils.builder.SdkBuilder<?, ?>) builder).build();
    return client;
  }

  static String text(Map<String, JsonNode> in, String name) {
    return in.get(name).asString();
  }

  static final Map<String, Call> CALLS =
      Map.of(
          "cloudwatch ListMetrics", (at, in) -> client(at, CloudWatchClient.builder()).listMetrics(),
          "dynamodb GetItem", (at, in) -> client(at, DynamoDbClient.builder()).getItem(
              r -> r.tableName(text(in, "TableName")).key(Map.of("id", AttributeValue.fromS("1")))),
          "kinesis ListStreams", (at, in) -> client(at, KinesisClient.builder()).listStreams(),
          "kms DescribeKey", (at, in) -> client(at, KmsClient.builder()).describeKey(r -> r.keyId(text(in, "KeyId"))),
          "lambda GetFunction", (at, in) -> client(at, LambdaClient.builder()).getFunction(r -> r.functionName(text(in, "FunctionName"))),
          "s3 GetObject", (at, in) -> client(at, S3Client.builder().forcePathStyle(true)).getObject(
              r -> r.bucket(text(in, "Bucket")).key(text(in, "Key"))),
          "secretsmanager GetSecretValue", (at, in) -> client(at, SecretsManagerClient.builder()).getSecretValue(
              r -> r.secretId(text(in, "SecretId"))),
          "sns GetTopicAttributes", (at, in) -> client(at, SnsClient.builder()).getTopicAttributes(r -> r.topicArn(text(in, "TopicArn"))),
          "sqs SendMessage", (at, in) -> client(at, SqsClient.builder()).sendMessage(
              r -> r.queueUrl(text(in, "QueueUrl")).messageBody(text(in, "MessageBody"))));

  static String outcome(JsonNode one) {
    Map<String, JsonNode> call = one.asObject();
    Call make = CALLS.get(text(call, "service") + " " + text(call, "operation"));
    if (make == null) {
      return "{\"skipped\":true}";
    }
    JsonNode input = call.get("input");
    try {
      make.make(URI.create(text(call, "endpoint")), input.isObject() ? input.asObject() : Map.of());
    } catch (AwsServiceException e) {
      return outcome(e.awsErrorDetails().errorCode(), e.awsErrorDetails().errorMessage(), e);
    } catch (RuntimeException e) {
      return outcome("", e.toString(), e);
    }
    return "{\"message\":\"no error\"}";
  }

  static String outcome(String code, String message, Exception e) {
    return "{\"code\":" + quote(code) + ",\"message\":" + quote(message) + ",\"type\":" + quote(e.getClass().getSimpleName()) + "}";
  }

  static String quote(String s) {
    StringBuilder b = new StringBuilder("\"");
    (s == null ? "" : s).chars().forEach(c -> b.append(c < ' ' || c > '~' || c == '"' || c == '\\' ? String.format("\\u%04x", c) : String.valueOf((char) c)));
    return b.append('"').toString();
  }

  public static void main(String[] args) throws Exception {
    System.setProperty("aws.maxAttempts", "2");
    JsonNode calls = JsonNode.parser().parse(new String(System.in.readAllBytes(), StandardCharsets.UTF_8));
    List<JsonNode> all = calls.asArray();
    System.out.print(all.parallelStream().map(Deny::outcome).collect(Collectors.joining(",", "[", "]")));
  }
}
