package aws

import "github.com/lambda-remit/remit/manifest"

// appConfig is what the tables do not say of AWS AppConfig, where a
// configuration is read: that applications, environments and profiles go by
// their names as well, while their ARNs have ids. (AWS AppConfig API Reference,
// StartConfigurationSession, GetConfiguration; Service Authorization Reference,
// "AWS AppConfig".)
func appConfig(operation string) reading {
	switch operation {
	case "GetConfiguration":
		return func(c *tableCall) ([]manifest.Request, error) {
			return configuration(c, [3]string{"l.Application", "l.Environment", "l.Configuration"},
				"appconfig:{r}:{a}:application/{/}", "appconfig:{r}:{a}:application/{/}/environment/{/}", "appconfig:{r}:{a}:application/{/}/configurationprofile/{/}")
		}
	case "StartConfigurationSession":
		return func(c *tableCall) ([]manifest.Request, error) {
			return configuration(c, [3]string{"b.ApplicationIdentifier", "b.EnvironmentIdentifier", "b.ConfigurationProfileIdentifier"},
				"", "", "appconfig:{r}:{a}:application/{/}/environment/{/}/configuration/{/}")
		}
	}
	return nil
}

// configuration asks for what application, environment and profile are together.
// Where one of them may be a name, AppConfig alone knows what it is of.
func configuration(c *tableCall, paths [3]string, application, environment, profile string) ([]manifest.Request, error) {
	action := "appconfig:" + c.operation.name
	var ids []string
	for _, path := range paths {
		id, _, err := c.text(path)
		if err != nil {
			return nil, err
		}
		if !isConfigurationID(id) {
			return []manifest.Request{unknown(action)}, nil
		}
		ids = append(ids, id)
	}
	templates := []struct {
		text   string
		values []string
	}{{application, ids[:1]}, {environment, ids[:2]}, {profile, ids}}
	if application != "" {
		templates[2].values = []string{ids[0], ids[2]}
	}
	var all []manifest.Request
	for _, t := range templates {
		if t.text == "" {
			continue
		}
		arn, err := c.fill(t.text, t.values)
		if err != nil {
			return nil, err
		}
		all = append(all, request(action, arn))
	}
	return all, nil
}

// isConfigurationID reports whether s is one of AppConfig's ids rather than a
// name: seven of lower-case letters and digits, of both. An id without a digit is
// taken for a name, which leaves the resource to AWS.
func isConfigurationID(s string) bool {
	letters, digits := 0, 0
	for i := range len(s) {
		switch c := s[i]; {
		case c >= 'a' && c <= 'z':
			letters++
		case isDigit(c):
			digits++
		}
	}
	return len(s) == 7 && letters+digits == 7 && letters > 0 && digits > 0
}
