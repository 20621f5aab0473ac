# Makes the matrix's calls with the AWS SDK for Ruby: as boto.py.
require "digest"
require "json"
require "net/http"
require "openssl"
require "stringio"
require "tempfile"
require "aws-sdk-kms"
require "aws-sdk-s3" # and STS, which is in the core

# What Debian has of the SDK.
CLIENTS = { "kms" => Aws::KMS::Client.new, "s3" => Aws::S3::Client.new, "sts" => Aws::STS::Client.new }.freeze

def value(v)
  return v unless v.is_a?(Hash)
  return "\0" * v["zeros"] if v.key?("zeros")
  return v["bytes"] if v.key?("bytes")

  v.key?("base64") ? v["base64"].unpack1("m") : v
end

# The SDK's names of members: ContentType is content_type; what the owner names stays.
def members(v)
  case v
  when Hash
    v.to_h { |name, m| [name.gsub(/([a-z0-9])([A-Z])/, '\1_\2').downcase.to_sym, name == "Metadata" ? m : members(value(m))] }
  when Array then v.map { |e| members(e) }
  else v
  end
end

def digest(content) = { length: content.bytesize, sha256: Digest::SHA256.hexdigest(content) }

# Reads what is streamed, and makes of times what JSON has.
def plain(v)
  case v
  when StringIO, Tempfile then digest(v.read)
  when Struct then v.to_h.to_h { |name, member| [name.to_s.delete("_"), plain(member)] }
  when Hash then v.to_h { |name, member| [name.to_s.delete("_"), plain(member)] }
  when Array then v.map { |member| plain(member) }
  when Time then v.to_s
  when String then v.encoding == Encoding::BINARY ? digest(v) : v
  when Enumerator then v.map { |event| plain(event) }
  else v
  end
end

def parts(client, input)
  object = Aws::S3::Object.new(input[:bucket], input[:key], client: client)
  Tempfile.create("sent", binmode: true) do |sent|
    sent.write(input[:body])
    sent.flush
    object.upload_file(sent.path, multipart_threshold: 5 << 20)
  end
  Tempfile.create("back", binmode: true) do |back|
    object.download_file(back.path, chunk_size: 5 << 20)
    return digest(File.binread(back.path))
  end
end

# What can be read once goes in parts, whatever its size: put_object takes no body that it cannot rewind.
def stream(client, input)
  object = Aws::S3::Object.new(input[:bucket], input[:key], client: client)
  object.upload_stream { |out| out.binmode.write(input[:body]) }
  digest(object.get.body.read)
end

# As the URL's user would, with what the language has.
def presigned(client, operation, input)
  url = URI(Aws::S3::Presigner.new(client: client).presigned_url(operation.to_sym, **input))
  http = Net::HTTP.new(url.host, url.port)
  http.use_ssl = url.scheme == "https"
  http.ca_file = ENV["AWS_CA_BUNDLE"]
  answer = http.request(Net::HTTP::Get.new(url))
  [answer.code.to_i, answer.each_header.to_h, digest(answer.body)]
end

def shown(result, context)
  result.merge(status: context.http_response.status_code, headers: context.http_response.headers.to_h, attempts: context.retries + 1)
end

def run(one)
  result = { name: one["name"] }
  client, operation = CLIENTS[one["service"]], one["operation"].gsub(/([a-z])([A-Z])/, '\1_\2').downcase
  return result.merge(lacks: "no such service here") unless client

  input = members(one["input"])
  case
  when one["how"] == "stream"
    result.merge(status: 200, output: stream(client, input))
  when one["how"] == "parts"
    result.merge(status: 200, output: parts(client, input))
  when one["how"] == "presign"
    status, headers, output = presigned(client, operation, input)
    result.merge(status: status, headers: headers, output: output)
  when one.fetch("times", 1) > 1
    all = Array.new(one["times"]) { Thread.new { digest(client.public_send(operation, **input).body.read) } }.map(&:value)
    result.merge(status: 200, output: { different: all.uniq, times: all.length })
  else
    response = client.public_send(operation, **input)
    shown(result.merge(output: plain(response.data)), response.context)
  end
rescue Aws::Errors::ServiceError => e
  shown(result.merge(error: e.code, message: e.message, type: e.class.name), e.context)
rescue ArgumentError => e # Debian's KMS is of 2019
  raise unless e.message.start_with?("unexpected value at params")

  result.merge(lacks: e.message)
rescue StandardError => e # a failure of the test's, told by its name
  warn e.full_message
  result.merge(error: e.class.name, message: e.message)
end

$stdout.sync = true
$stdin.set_encoding("UTF-8")
$stdin.each_line { |line| puts JSON.generate(run(JSON.parse(line))) }
