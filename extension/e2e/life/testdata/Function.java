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
        System.out.println("the function is loaded");
    }

    public Map<String, Object> handle(Map<String, Object> event) throws Exception {
        Map<String, Object> answer = new TreeMap<>();
        answer.put("invocation", invocations.incrementAndGet());
        answer.put("key", System.getenv("AWS_SECRET_ACCESS_KEY") != null);
        answer.put("echo", event.get("echo"));
        switch ((String) event.get("do")) {
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
