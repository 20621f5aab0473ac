// Command redteam is what somebody would run in a function to get out of its
// remit: as the function's own user, beside the extension, Lambda's own process
// and another extension. Package e2e starts it with Remit's measures and without
// some of them, and holds the documentation to what came of it.
//
//	redteam                  lists the attempts, but for those that leave the
//	                         extension worse off
//	redteam ordinary         lists what is nothing but what functions do
//	redteam try ATTEMPT…     makes them, and prints a line of JSON for each
//	redteam linger SECONDS   outlives the function, looks for keys, and writes
//	                         those it finds to /tmp/loot
//	redteam squat SECONDS    outlives the function, and takes the extension's
//	                         name as soon as it is free
//
// It finds everything as an attacker would: in /proc, in its environment.
package main

import (
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strconv"
	"time"
)

// An attempt returns what it has got, or why it has not.
type attempt struct {
	name string
	make func(scene) (string, error)
}

// An Outcome is what came of one attempt.
type Outcome struct {
	Attempt string `json:"attempt"`
	Done    bool   `json:"done"`
	How     string `json:"how"` // what was got, or why not
}

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "redteam:", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	attempts := slices.Concat(onTheExtension, onTheKernel, onOthers, onSockets, onServers, byExhausting)
	if len(args) == 0 {
		for _, a := range attempts {
			fmt.Println(a.name)
		}
		return nil
	}
	if args[0] == "ordinary" {
		for _, a := range ordinary {
			fmt.Println(a.name)
		}
		return nil
	}
	attempts = slices.Concat(attempts, onLimits, ordinary)
	switch args[0] {
	case "try":
		s, err := look()
		if err != nil {
			return err
		}
		for _, name := range args[1:] {
			i := slices.IndexFunc(attempts, func(a attempt) bool { return a.name == name })
			if i < 0 {
				return fmt.Errorf("attempt %q is none", name)
			}
			o := Outcome{Attempt: name}
			if got, err := attempts[i].make(s); err != nil {
				o.How = err.Error()
			} else {
				o.Done, o.How = true, got
			}
			if err := json.NewEncoder(os.Stdout).Encode(o); err != nil {
				return err
			}
		}
		return nil
	case "linger", "squat":
		seconds, err := strconv.Atoi(args[1])
		if err != nil {
			return err
		}
		if args[0] == "squat" {
			return squat(time.Duration(seconds) * time.Second)
		}
		return linger(time.Duration(seconds) * time.Second)
	}
	return fmt.Errorf("%q is nothing to do", args[0])
}
