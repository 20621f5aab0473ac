# Calls AWS with Ruby's own library, Net::HTTP, signed by AWS's signer: one line an
# answer. The credentials are those of the environment where there are some, and
# else of the endpoint.
require "json"
require "net/http"
require "uri"
require "aws-sigv4"

def keys
  return ENV.values_at("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN") if ENV["AWS_ACCESS_KEY_ID"]

  token = File.read(ENV.fetch("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"))
  answer = Net::HTTP.get(URI(ENV.fetch("AWS_CONTAINER_CREDENTIALS_FULL_URI")), { "Authorization" => token })
  JSON.parse(answer).values_at("AccessKeyId", "SecretAccessKey", "Token")
end

ID, SECRET, SESSION = keys
REGION = ENV.fetch("AWS_REGION")

def call(name, service, url, body = nil, headers = {})
  signer = Aws::Sigv4::Signer.new(service: service, region: REGION, access_key_id: ID, secret_access_key: SECRET, session_token: SESSION,
                                  uri_escape_path: service != "s3")
  signed = signer.sign_request(http_method: body ? "POST" : "GET", url: url, body: body.to_s, headers: headers)
  uri = URI(url)
  request = (body ? Net::HTTP::Post : Net::HTTP::Get).new(uri, headers.merge(signed.headers))
  request.body = body if body
  answer = Net::HTTP.start(uri.host, uri.port, use_ssl: true) { |http| http.request(request) }
  puts "#{name}: #{answer.code} #{answer.body.include?('(remit d-') ? 'denied' : yield(answer.body)}"
rescue StandardError => e
  puts "#{name}: #{e.class} #{e.message}"
end

%w[media-eu billing-eu].each { |bucket| call("object in #{bucket}", "s3", "https://#{bucket}.s3.#{REGION}.amazonaws.com/in/ten.txt", &:itself) }
%w[signing-key payment-key].each do |secret|
  call("secret #{secret}", "secretsmanager", "https://secretsmanager.#{REGION}.amazonaws.com/", JSON.generate(SecretId: secret),
       "Content-Type" => "application/x-amz-json-1.1", "X-Amz-Target" => "secretsmanager.GetSecretValue") { |body| JSON.parse(body)["SecretString"] }
end
%w[results all-customers].each do |topic|
  call("topic #{topic}", "sns", "https://sns.#{REGION}.amazonaws.com/",
       URI.encode_www_form(Action: "Publish", Version: "2010-03-31", TopicArn: "arn:aws:sns:#{REGION}:#{ARGV[0]}:#{topic}", Message: "from Ruby"),
       "Content-Type" => "application/x-www-form-urlencoded; charset=utf-8") { |body| body.include?("<MessageId>") ? "published" : body }
end
%w[orders ledger].each do |table|
  call("table #{table}", "dynamodb", "https://dynamodb.#{REGION}.amazonaws.com/", JSON.generate(TableName: table, Key: { id: { S: "none" } }),
       "Content-Type" => "application/x-amz-json-1.0", "X-Amz-Target" => "DynamoDB_20120810.GetItem", &:itself)
end
puts "stranger: #{Net::HTTP.get(URI(ARGV[1]))}"
