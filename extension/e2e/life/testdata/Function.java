import com.amazonaws.services.lambda.runtime.Context;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.atomic.AtomicInteger;

/** What function.py does, which says what that is. */
public class Function {
    private static final AtomicInteger invocations = new AtomicInteger();

    static {
        if ("raise".equals(System.getenv("INIT"))) {
            throw new IllegalStateException("not started on purpose");
        }
        if ("call".equals(System.getenv("INIT"))) {
            System.out.println("at the start: " + Calls.call(Map.of("key", "in/start"), null));
        }
        System.out.println("the function is loaded");
    }

    public Map<String, Object> handle(Map<String, Object> event, Context context) throws Exception {
        Map<String, Object> answer = new TreeMap<>();
        answer.put("invocation", invocations.incrementAndGet());
        answer.put("key", !System.getenv().getOrDefault("AWS_ACCESS_KEY_ID", "ASIAREMIT").startsWith("ASIAREMIT"));
        answer.put("echo", event.get("echo"));
        switch ((String) event.get("do")) {
            case "tenant":
                answer.put("echo", context.getTenantId());
                break;
            case "call":
                answer.put("echo", Calls.call(event, context.getXrayTraceId()));
                break;
            case "raise":
                throw new IllegalArgumentException("raised on purpose");
            case "exit":
                Runtime.getRuntime().halt(3);
            case "sleep":
                System.out.println("the function waits");
                Thread.sleep(1000L * ((Number) event.getOrDefault("seconds", 60)).longValue());
        }
        return answer;
    }
}
