import java.util.Map;
import software.amazon.awssdk.auth.credentials.ContainerCredentialsProvider;
import software.amazon.awssdk.awscore.AwsRequestOverrideConfiguration;
import software.amazon.awssdk.http.urlconnection.UrlConnectionHttpClient;
import software.amazon.awssdk.services.s3.S3Client;
import software.amazon.awssdk.services.s3.model.S3Exception;

/**
 * The function's calls: what function.py's are. The SDK is here alone, so that a function which makes none does
 * without. From its version 2.34 on it takes a trace id from the thread, where the runtime puts it; "trace" does
 * so for an older one.
 */
class Calls {
    private static final S3Client client = S3Client.builder().httpClient(UrlConnectionHttpClient.create()).build();

    static String call(Map<String, Object> event, String trace) {
        AwsRequestOverrideConfiguration.Builder with = AwsRequestOverrideConfiguration.builder();
        if (event.get("trace") == Boolean.TRUE) {
            with.putHeader("X-Amzn-Trace-Id", trace);
        }
        if (event.get("refresh") == Boolean.TRUE) {
            // The client's own refreshes in its time.
            with.credentialsProvider(ContainerCredentialsProvider.create());
        }
        try {
            client.getObjectAsBytes(r -> r.bucket("media-eu").key((String) event.get("key")).overrideConfiguration(with.build()));
            return "granted";
        } catch (S3Exception e) {
            return e.awsErrorDetails().errorCode();
        }
    }
}
