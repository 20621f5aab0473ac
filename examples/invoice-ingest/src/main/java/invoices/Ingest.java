package invoices;

import com.amazonaws.services.lambda.runtime.Context;
import com.amazonaws.services.lambda.runtime.RequestHandler;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import software.amazon.awssdk.http.urlconnection.UrlConnectionHttpClient;
import software.amazon.awssdk.services.dynamodb.DynamoDbClient;
import software.amazon.awssdk.services.dynamodb.model.AttributeValue;
import software.amazon.awssdk.services.s3.S3Client;

/** Books the invoices that suppliers upload: Amazon S3 calls it for each. */
public final class Ingest implements RequestHandler<Map<String, Object>, List<String>> {
    private final S3Client s3 = S3Client.builder().httpClient(UrlConnectionHttpClient.create()).build();
    private final DynamoDbClient table = DynamoDbClient.builder().httpClient(UrlConnectionHttpClient.create()).build();

    @Override
    public List<String> handleRequest(Map<String, Object> event, Context context) {
        List<String> booked = new ArrayList<>();
        for (Object record : (List<?>) event.get("Records")) {
            Map<?, ?> notified = (Map<?, ?>) ((Map<?, ?>) record).get("s3");
            String bucket = (String) ((Map<?, ?>) notified.get("bucket")).get("name");
            // Keys come encoded as in a form. (Amazon S3 User Guide, "Event message structure".)
            String key = URLDecoder.decode((String) ((Map<?, ?>) notified.get("object")).get("key"), StandardCharsets.UTF_8);
            booked.add(book(bucket, key));
        }
        return booked;
    }

    private String book(String bucket, String key) {
        String text = s3.getObjectAsBytes(r -> r.bucket(bucket).key(key)).asUtf8String();
        // One line: supplier;number;cents
        String[] fields = text.strip().split(";");
        if (fields.length != 3) {
            throw new IllegalArgumentException(key + " has " + fields.length + " fields, not supplier;number;cents");
        }
        String id = fields[0] + "/" + fields[1];
        table.putItem(r -> r.tableName("invoices").item(Map.of(
            "id", AttributeValue.fromS(id),
            "cents", AttributeValue.fromN(fields[2]),
            "file", AttributeValue.fromS(key))));
        s3.copyObject(r -> r.sourceBucket(bucket).sourceKey(key)
            .destinationBucket(bucket).destinationKey("booked/" + key.substring(key.lastIndexOf('/') + 1)));
        s3.deleteObject(r -> r.bucket(bucket).key(key));
        return id;
    }
}
