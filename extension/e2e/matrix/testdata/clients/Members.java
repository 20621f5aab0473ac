import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.Base64;
import java.util.Collection;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import software.amazon.awssdk.core.SdkBytes;
import software.amazon.awssdk.core.SdkField;
import software.amazon.awssdk.core.SdkPojo;
import software.amazon.awssdk.core.protocol.MarshallingType;
import software.amazon.awssdk.core.traits.ListTrait;
import software.amazon.awssdk.core.traits.MapTrait;
import software.amazon.awssdk.core.util.SdkAutoConstructList;
import software.amazon.awssdk.core.util.SdkAutoConstructMap;
import software.amazon.awssdk.protocols.jsoncore.JsonNode;
import software.amazon.awssdk.utils.builder.Buildable;

/** The members of inputs and outputs of the AWS SDK for Java v2, which knows them by the names that boto3 has. */
class Members {
  static byte[] bytes(JsonNode v) {
    if (!v.isObject()) {
      return v.asString().getBytes(StandardCharsets.UTF_8);
    }
    Map<String, JsonNode> of = v.asObject();
    if (of.containsKey("zeros")) {
      return new byte[Integer.parseInt(of.get("zeros").asNumber())];
    }
    return of.containsKey("bytes") ? of.get("bytes").asString().getBytes(StandardCharsets.UTF_8) : Base64.getDecoder().decode(of.get("base64").asString());
  }

  static Object digest(byte[] b) throws Exception {
    String sum = HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(b));
    return Map.of("length", b.length, "sha256", sum);
  }

  /** The input of an operation's, or a part of one, by the names of its members. */
  static Object filled(SdkPojo builder, Map<String, JsonNode> in) {
    for (SdkField<?> f : builder.sdkFields()) {
      if (in.get(f.memberName()) != null) {
        f.set(builder, value(f, in.get(f.memberName())));
      }
    }
    return ((Buildable) builder).build();
  }

  static Object value(SdkField<?> f, JsonNode v) {
    MarshallingType<?> type = f.marshallingType();
    if (type == MarshallingType.SDK_POJO) {
      return filled((SdkPojo) f.constructor().get(), v.asObject());
    }
    if (type == MarshallingType.LIST) {
      var element = f.getTrait(ListTrait.class).memberFieldInfo();
      return v.asArray().stream().map(e -> value(element, e)).toList();
    }
    if (type == MarshallingType.MAP) {
      var member = f.getTrait(MapTrait.class).valueFieldInfo();
      Map<String, Object> all = new HashMap<>();
      v.asObject().forEach((name, m) -> all.put(name, value(member, m)));
      return all;
    }
    if (type == MarshallingType.SDK_BYTES) {
      return SdkBytes.fromByteArray(bytes(v));
    }
    if (type == MarshallingType.INTEGER) {
      return Integer.valueOf(v.asNumber());
    }
    return type == MarshallingType.LONG ? (Object) Long.valueOf(v.asNumber()) : v.asString();
  }

  /** What JSON has of an output. */
  static Object plain(Object v) throws Exception {
    if (v instanceof SdkBytes b) {
      return digest(b.asByteArray());
    }
    if (v instanceof SdkPojo p) {
      Map<String, Object> all = new LinkedHashMap<>();
      for (SdkField<?> f : p.sdkFields()) {
        Object member = f.getValueOrDefault(p);
        if (member != null && !(member instanceof SdkAutoConstructList) && !(member instanceof SdkAutoConstructMap)) {
          all.put(f.memberName(), plain(member));
        }
      }
      return all;
    }
    if (v instanceof Map<?, ?> m) {
      Map<String, Object> all = new LinkedHashMap<>();
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
    return v;
  }

  static String json(Object v) {
    if (v instanceof Map<?, ?> m) {
      List<String> all = new ArrayList<>();
      m.forEach((name, member) -> all.add(json(name.toString()) + ":" + json(member)));
      return "{" + String.join(",", all) + "}";
    }
    if (v instanceof Collection<?> c) {
      return "[" + String.join(",", c.stream().map(Members::json).toList()) + "]";
    }
    if (v == null || v instanceof Number) {
      return String.valueOf(v);
    }
    StringBuilder b = new StringBuilder("\"");
    v.toString().chars().forEach(c -> b.append(c < ' ' || c > '~' || c == '"' || c == '\\' ? String.format("\\u%04x", c) : String.valueOf((char) c)));
    return b.append('"').toString();
  }
}
