package audit

// AppendEntry appends e's line, without metrics.
func AppendEntry(to []byte, e Entry) []byte { return appendEntry(to, e, nil) }
