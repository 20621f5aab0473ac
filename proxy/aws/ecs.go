package aws

import (
	"fmt"
	"strings"

	"github.com/lambda-remit/remit/manifest"
)

// containers is what the tables do not say of Amazon ECS: which cluster is meant
// where none is named, and that clusters, services, tasks and instances go by
// short names and by ARNs of two forms. (Amazon ECS API Reference, "cluster" of
// each operation; Amazon ECS Developer Guide, "Amazon Resource Names (ARNs) and
// IDs"; Service Authorization Reference, "Amazon Elastic Container Service".)
func containers(operation string) reading {
	kind, member := "", ""
	switch operation {
	case "DeleteCluster", "DeregisterContainerInstance", "ListContainerInstances", "PutClusterCapacityProviders",
		"SubmitAttachmentStateChanges", "SubmitContainerStateChange", "SubmitTaskStateChange", "UpdateCluster", "UpdateClusterSettings":
		kind = "cluster"
	case "CreateService":
		kind, member = "service", "b.serviceName"
	case "DeleteService", "ListServiceDeployments", "UpdateService", "UpdateServicePrimaryTaskSet":
		kind, member = "service", "b.service"
	case "DescribeServices":
		kind, member = "service", "b.services.#"
	case "ExecuteCommand", "StopTask":
		kind, member = "task", "b.task"
	case "DescribeTasks", "GetTaskProtection", "UpdateTaskProtection":
		kind, member = "task", "b.tasks.#"
	case "UpdateContainerAgent":
		kind, member = "container-instance", "b.containerInstance"
	case "DescribeContainerInstances", "UpdateContainerInstancesState":
		kind, member = "container-instance", "b.containerInstances.#"
	case "RunTask", "StartTask":
		return runTask
	default:
		return nil
	}
	return func(c *tableCall) ([]manifest.Request, error) { return inCluster(c, kind, member) }
}

// inCluster asks for what member names of a kind, in the call's cluster.
func inCluster(c *tableCall, kind, member string) ([]manifest.Request, error) {
	cluster, err := c.cluster()
	if err != nil {
		return nil, err
	}
	action := "ecs:" + c.operation.name
	resources := []string{cluster}
	if kind != "cluster" {
		if resources, err = c.inCluster(cluster, kind, member); err != nil {
			return nil, err
		}
	}
	if c.operation.name == "ExecuteCommand" { // on the cluster too
		resources = append(resources, cluster)
	}
	var all []manifest.Request
	for _, r := range resources {
		req := request(action, r)
		if r != cluster {
			with(&req, "ecs:cluster", cluster)
		}
		all = append(all, req)
	}
	if len(all) == 0 {
		all = append(all, unknown(action, "ecs:cluster", cluster))
	}
	if err := c.tag(all); err != nil {
		return nil, err
	}
	besides, err := c.tabledBut(action)
	return append(all, besides...), err
}

// cluster returns the ARN of the call's cluster: the one called "default" where
// it names none.
func (c *tableCall) cluster() (string, error) {
	name, _, err := c.text("b.cluster")
	if err != nil {
		return "", err
	}
	if strings.HasPrefix(name, "arn:") {
		arn, err := c.stated("ecs", name)
		if err == nil && !strings.HasPrefix(strings.SplitN(arn, ":", 6)[5], "cluster/") {
			err = fmt.Errorf("%.160q is no ARN of a cluster", name)
		}
		return arn, err
	}
	if name == "" {
		name = "default"
	}
	return c.fill("ecs:{r}:{a}:cluster/{/:}", []string{name})
}

// inCluster returns the ARNs of a cluster's services, tasks or instances that a
// member names. An ARN of before 2018 has no cluster in it, and is what it was
// given as.
func (c *tableCall) inCluster(cluster, kind, member string) ([]string, error) {
	names, err := c.values(member)
	if err != nil {
		return nil, err
	}
	head, name, _ := strings.Cut(cluster, ":cluster/")
	var all []string
	for _, n := range names {
		if !strings.HasPrefix(n, "arn:") {
			if n == "" || strings.ContainsAny(n, "/:") {
				return nil, fmt.Errorf("%.160q is no name of a %s", n, kind)
			}
			if err := literal(n); err != nil {
				return nil, err
			}
			all = append(all, head+":"+kind+"/"+name+"/"+n)
			continue
		}
		arn, err := c.stated("ecs", n)
		if err != nil {
			return nil, err
		}
		rest, ok := strings.CutPrefix(strings.SplitN(arn, ":", 6)[5], kind+"/")
		if other, _, long := strings.Cut(rest, "/"); !ok || long && other != name {
			return nil, fmt.Errorf("%.160q is no %s of the cluster %.80q, which the call names", n, kind, name)
		}
		all = append(all, arn)
	}
	return all, nil
}

// runTask asks for the task definition. One that is named without a revision is
// the newest, which AWS alone knows.
func runTask(c *tableCall) ([]manifest.Request, error) {
	cluster, err := c.cluster()
	if err != nil {
		return nil, err
	}
	all, err := c.tabled()
	if err != nil {
		return nil, err
	}
	definition, _, err := c.text("b.taskDefinition")
	if err != nil {
		return nil, err
	}
	_, revision, stated := strings.Cut(definition, ":")
	switch {
	case strings.HasPrefix(definition, "arn:"):
		if definition, err = c.stated("ecs", definition); err == nil && !strings.HasPrefix(strings.SplitN(definition, ":", 6)[5], "task-definition/") {
			err = fmt.Errorf("%.160q is no ARN of a task definition", definition)
		}
		if err == nil && strings.Count(definition, ":") == 5 {
			definition = "" // of a family
		}
	case stated && isName(revision, ""):
		definition, err = c.fill("ecs:{r}:{a}:task-definition/{/}", []string{definition})
	case definition == "" || stated:
		err = fmt.Errorf("%.160q is no task definition", definition)
	default:
		definition = ""
	}
	if err != nil {
		return nil, err
	}
	for i := range all {
		if r := &all[i]; r.Action == "ecs:"+c.operation.name {
			if definition != "" {
				r.Resource, r.Partly = definition, false
			}
			with(r, "ecs:cluster", cluster)
		}
	}
	return all, nil
}
