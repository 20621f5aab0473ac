<?php
// Calls S3 with what PHP has of its own, curl and streams, signed here: AWS's
// SDK for PHP does its calls with one of the two. One line an answer. Then other
// hosts, that the arguments name.

// The credentials, as AWS's SDK gets them.
$token = file_get_contents(getenv('AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE'));
$keys = json_decode(file_get_contents(getenv('AWS_CONTAINER_CREDENTIALS_FULL_URI'), false, stream_context_create([
    'http' => ['header' => "Authorization: $token"],
])), true);

function signed(string $method, string $host, string $path, string $body, array $keys): array
{
    $region = getenv('AWS_REGION');
    $now = gmdate('Ymd\THis\Z');
    $scope = substr($now, 0, 8) . "/$region/s3/aws4_request";
    $headers = [
        'host' => $host,
        'x-amz-content-sha256' => hash('sha256', $body),
        'x-amz-date' => $now,
        'x-amz-security-token' => $keys['Token'],
    ];
    $canonical = "$method\n$path\n\n";
    foreach ($headers as $name => $value) {
        $canonical .= "$name:$value\n";
    }
    $names = implode(';', array_keys($headers));
    $canonical .= "\n$names\n" . $headers['x-amz-content-sha256'];
    $key = 'AWS4' . $keys['SecretAccessKey'];
    foreach (explode('/', $scope) as $part) {
        $key = hash_hmac('sha256', $part, $key, true);
    }
    $signature = hash_hmac('sha256', "AWS4-HMAC-SHA256\n$now\n$scope\n" . hash('sha256', $canonical), $key);
    $headers['authorization'] = "AWS4-HMAC-SHA256 Credential={$keys['AccessKeyId']}/$scope, SignedHeaders=$names, Signature=$signature";
    unset($headers['host']);
    return array_map(fn ($name, $value) => "$name: $value", array_keys($headers), $headers);
}

function byCurl(string $method, string $url, array $headers, string $body): string
{
    $c = curl_init($url);
    curl_setopt_array($c, [CURLOPT_CUSTOMREQUEST => $method, CURLOPT_RETURNTRANSFER => true, CURLOPT_HTTPHEADER => $headers]);
    if ($body !== '') {
        curl_setopt($c, CURLOPT_POSTFIELDS, $body);
    }
    $answer = curl_exec($c);
    return $answer === false ? 'failed: ' . curl_strerror(curl_errno($c)) : shown(curl_getinfo($c, CURLINFO_RESPONSE_CODE), $answer);
}

// A stream heeds no variable: Guzzle, which AWS's SDK sits on, tells it of the
// proxy, as here.
function byStream(string $method, string $url, array $headers, string $body): string
{
    $http = ['method' => $method, 'header' => $headers, 'content' => $body, 'ignore_errors' => true];
    if (str_contains($url, '.amazonaws.com')) {
        $http['proxy'] = str_replace('http://', 'tcp://', getenv('HTTPS_PROXY'));
    }
    $answer = @file_get_contents($url, false, stream_context_create(['http' => $http]));
    if ($answer === false) {
        return 'failed: ' . (preg_match('/certificate verify failed/', print_r(error_get_last(), true) . openssl_error_string()) ? 'certificate verify failed' : 'it says nothing more');
    }
    return shown((int) explode(' ', $http_response_header[0])[1], $answer);
}

function shown(int $status, string $answer): string
{
    return "$status " . (str_contains($answer, '(remit d-') ? 'denied' : trim($answer));
}

foreach (['curl' => byCurl(...), 'stream' => byStream(...)] as $name => $by) {
    foreach ([['GET', 'media-eu', '/in/ten.txt', ''], ['PUT', 'media-eu', "/out/$name.txt", 'from PHP'], ['GET', 'media-eu', "/out/$name.txt", ''], ['GET', 'billing-eu', '/in/ten.txt', '']] as [$method, $bucket, $path, $body]) {
        $host = "$bucket.s3." . getenv('AWS_REGION') . '.amazonaws.com';
        echo "$name $method $bucket$path: ", $by($method, "https://$host$path", signed($method, $host, $path, $body, $keys), $body), "\n";
    }
    foreach (array_slice($argv, 1) as $n => $url) {
        echo "$name other $n: ", $by('GET', $url, [], ''), "\n";
    }
}
