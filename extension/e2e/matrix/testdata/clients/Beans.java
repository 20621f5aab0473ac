import com.amazonaws.AmazonWebServiceRequest;
import com.fasterxml.jackson.databind.JsonNode;
import java.lang.reflect.Method;
import java.lang.reflect.ParameterizedType;
import java.lang.reflect.Type;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.Base64;
import java.util.Collection;
import java.util.Date;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** The inputs and outputs of the AWS SDK for Java v1, which are beans. */
class Beans {
  static byte[] bytes(JsonNode v) {
    if (v.has("zeros")) {
      return new byte[v.get("zeros").asInt()];
    }
    if (v.has("base64")) {
      return Base64.getDecoder().decode(v.get("base64").asText());
    }
    return (v.has("bytes") ? v.get("bytes") : v).asText().getBytes(StandardCharsets.UTF_8);
  }

  static Object digest(byte[] b) throws Exception {
    return Map.of("length", b.length, "sha256", HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(b)));
  }

  /** The client's method for an operation; null if there is none. */
  static Method method(Object client, String operation) {
    String name = operation.substring(0, 1).toLowerCase() + operation.substring(1);
    for (Method m : client.getClass().getMethods()) {
      if (m.getName().equals(name) && m.getParameterCount() == 1 && AmazonWebServiceRequest.class.isAssignableFrom(m.getParameterTypes()[0])) {
        return m;
      }
    }
    return null;
  }

  static Object filled(Class<?> type, JsonNode in) throws Exception {
    Object bean = type.getConstructor().newInstance();
    for (var member : in.properties()) {
      String setter = "set" + member.getKey().substring(0, 1).toUpperCase() + member.getKey().substring(1);
      Method found = null;
      for (Method m : type.getMethods()) {
        // An enum's member has a setter for its text as well, and so have some that take bytes.
        Class<?> takes = m.getParameterCount() == 1 ? m.getParameterTypes()[0] : null;
        if (m.getName().equalsIgnoreCase(setter) && takes != null && !takes.isEnum() && (found == null || takes != String.class)) {
          found = m;
        }
      }
      if (found == null) {
        throw new IllegalArgumentException(type.getSimpleName() + " has no " + member.getKey());
      }
      found.invoke(bean, value(found.getGenericParameterTypes()[0], member.getValue()));
    }
    return bean;
  }

  static Object value(Type t, JsonNode v) throws Exception {
    if (t instanceof ParameterizedType p) {
      Type[] of = p.getActualTypeArguments();
      if (of.length == 2) {
        Map<String, Object> all = new HashMap<>();
        for (var member : v.properties()) {
          all.put(member.getKey(), value(of[1], member.getValue()));
        }
        return all;
      }
      List<Object> all = new ArrayList<>();
      for (JsonNode element : v) {
        all.add(value(of[0], element));
      }
      return all;
    }
    if (t == ByteBuffer.class) {
      return ByteBuffer.wrap(bytes(v));
    }
    if (t == Integer.class || t == int.class) {
      return v.asInt();
    }
    return t == String.class ? v.asText() : filled((Class<?>) t, v);
  }

  /** What JSON has of an output. */
  static Object plain(Object v) throws Exception {
    if (v instanceof ByteBuffer b) {
      byte[] content = new byte[b.remaining()];
      b.duplicate().get(content);
      return digest(content);
    }
    if (v instanceof Map<?, ?> m) {
      Map<String, Object> all = new TreeMap<>();
      for (var e : m.entrySet()) {
        all.put(e.getKey().toString(), plain(e.getValue()));
      }
      return all;
    }
    if (v instanceof Collection<?> c) {
      List<Object> all = new ArrayList<>();
      for (Object e : c) {
        all.add(plain(e));
      }
      return all;
    }
    if (v == null || v instanceof String || v instanceof Number || v instanceof Boolean) {
      return v;
    }
    if (v instanceof Date || !v.getClass().getName().startsWith("com.amazonaws.services.")) {
      return v.toString();
    }
    Map<String, Object> all = new TreeMap<>();
    for (Method m : v.getClass().getDeclaredMethods()) { // and not what every answer has
      if (m.getName().startsWith("get") && m.getParameterCount() == 0 && java.lang.reflect.Modifier.isPublic(m.getModifiers())) {
        Object member = plain(m.invoke(v));
        if (member != null) {
          all.put(m.getName().substring(3), member);
        }
      }
    }
    return all;
  }
}
