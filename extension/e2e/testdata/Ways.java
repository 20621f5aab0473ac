import java.net.URI;
import java.util.concurrent.CompletionException;
import software.amazon.awssdk.core.async.AsyncResponseTransformer;
import software.amazon.awssdk.core.sync.RequestBody;
import software.amazon.awssdk.http.SdkHttpClient;
import software.amazon.awssdk.http.apache.ApacheHttpClient;
import software.amazon.awssdk.http.nio.netty.NettyNioAsyncHttpClient;
import software.amazon.awssdk.http.urlconnection.UrlConnectionHttpClient;
import software.amazon.awssdk.services.s3.S3AsyncClient;
import software.amazon.awssdk.services.s3.S3Client;
import software.amazon.awssdk.services.secretsmanager.SecretsManagerClient;

/** Makes the same calls with each HTTP client of the AWS SDK for Java, and one with Java's own to another host. */
public class Ways {
  static void say(String name, java.util.concurrent.Callable<String> call) {
    String outcome;
    try {
      outcome = call.call();
    } catch (Throwable e) {
      while (e instanceof CompletionException && e.getCause() != null) e = e.getCause();
      outcome = e.getClass().getSimpleName() + ": " + e.getMessage();
    }
    System.out.println(name + "\t" + outcome.replace('\n', ' '));
  }

  static void calls(String name, SdkHttpClient http) {
    try (S3Client s3 = S3Client.builder().httpClient(http).build()) {
      say(name + " get", () -> s3.getObjectAsBytes(b -> b.bucket("media-eu").key("in/ten.txt")).asUtf8String());
      say(name + " put", () -> s3.putObject(b -> b.bucket("media-eu").key("out/java/" + name), RequestBody.fromString("hello")).eTag());
      say(name + " denied", () -> s3.getObjectAsBytes(b -> b.bucket("billing-eu").key("in/ten.txt")).asUtf8String());
    }
    try (SecretsManagerClient secrets = SecretsManagerClient.builder().httpClient(http).build()) {
      say(name + " secret", () -> secrets.getSecretValue(b -> b.secretId("signing-key")).secretString());
    }
  }

  public static void main(String[] args) {
    calls("url-connection", UrlConnectionHttpClient.create());
    calls("apache", ApacheHttpClient.create());
    try (S3AsyncClient s3 = S3AsyncClient.builder().httpClient(NettyNioAsyncHttpClient.create()).build()) {
      say("netty get", () -> s3.getObject(b -> b.bucket("media-eu").key("in/ten.txt"), AsyncResponseTransformer.toBytes()).join().asUtf8String());
      say("netty denied", () -> s3.getObject(b -> b.bucket("billing-eu").key("in/ten.txt"), AsyncResponseTransformer.toBytes()).join().asUtf8String());
    }
    say("trusted", () -> {
      var m = javax.net.ssl.TrustManagerFactory.getInstance(javax.net.ssl.TrustManagerFactory.getDefaultAlgorithm());
      m.init((java.security.KeyStore) null);
      int n = 0, ours = 0;
      for (var t : m.getTrustManagers())
        for (var c : ((javax.net.ssl.X509TrustManager) t).getAcceptedIssuers()) {
          n++;
          if (c.getSubjectX500Principal().getName().contains("Remit root")) ours++;
        }
      return n > 50 && ours == 1 ? "both" : n + " of which " + ours;
    });
    say("agent", () -> System.getProperty("owner", "none"));
    System.exit(0);
  }
}
