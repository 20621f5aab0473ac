package aws

import (
	"net/http"
	"strings"
	"testing"
)

func TestErrorsQuoteNoValues(t *testing.T) {
	const secret = "hunter2"
	for _, r := range []*http.Request{
		signed(t, sealed, "rds", "POST", "/", "Action=CreateDBInstance&Version=2014-10-31&MasterUserPassword="+secret+";x", "", "Content-Type", "application/x-www-form-urlencoded"),
		signed(t, sealed, "rds", "POST", "/", "Action=CreateDBInstance&Version=2014-10-31&MasterUserPassword="+secret+"%", "", "Content-Type", "application/x-www-form-urlencoded"),
		signed(t, sealed, "rds", "POST", "/", "Action=CreateDBInstance&Version=2014-10-31&MasterUserPassword="+secret+"&MasterUserPassword="+secret, "", "Content-Type", "application/x-www-form-urlencoded"),
		signed(t, sealed, "kinesis", "POST", "/?password="+secret, "{}", "", "Content-Type", "application/x-amz-json-1.1", "X-Amz-Target", "Kinesis_20131202.PutRecord"),
		signed(t, sealed, "kinesis", "POST", "/", `{"Password":"`+secret+`"`, "", "Content-Type", "application/x-amz-json-1.1", "X-Amz-Target", "Kinesis_20131202.PutRecord"),
		signed(t, sealed, "lambda", "GET", "/nothing?password="+secret, "", ""),
		signed(t, sealed, "s3", "GET", "/media/in/a?password="+secret, "", ""),
	} {
		_, err := (&Cloud{Region: "eu-west-1"}).Identify(r)
		if err == nil || strings.Contains(err.Error(), secret) {
			t.Errorf("%s %s: got %v", r.Method, r.RequestURI, err)
		}
	}
}
