package main

import (
	"fmt"
	"os"
	"strings"
)

// What a person sees goes through here. One act, one heading; what is shown
// stands indented below it; a line that is too long for a page is broken where
// it can be read on; colour only where a terminal shows it.

// width is where lines are broken.
const width = 100

// A page is standard output.
type page struct {
	colour bool
	acts   int // begun so far
}

func newPage() *page {
	info, err := os.Stdout.Stat()
	terminal := err == nil && info.Mode()&os.ModeCharDevice != 0
	return &page{colour: terminal && os.Getenv("NO_COLOR") == ""}
}

const (
	bold   = "1"
	dim    = "2"
	red    = "31"
	green  = "32"
	yellow = "33"
)

func (p *page) paint(code, text string) string {
	if !p.colour || code == "" {
		return text
	}
	return "\x1b[" + code + "m" + text + "\x1b[0m"
}

// heading begins an act.
func (p *page) heading(text string) {
	p.acts++
	line := fmt.Sprintf("%d. %s", p.acts, text)
	fmt.Printf("\n%s\n%s\n\n", p.paint(bold, line), p.paint(dim, strings.Repeat("─", len([]rune(line)))))
}

// say prints a paragraph.
func (p *page) say(format string, args ...any) {
	fmt.Println(wrap(fmt.Sprintf(format, args...), "", ""))
}

// show prints text below a label, in the colour given.
func (p *page) show(code, label, text string) {
	head := fmt.Sprintf("  %-10s ", label)
	tail := strings.Repeat(" ", len(head))
	for i, line := range strings.Split(wrap(text, head, tail), "\n") {
		if i == 0 {
			line = p.paint(dim, head) + p.paint(code, strings.TrimPrefix(line, head))
		} else {
			line = tail + p.paint(code, strings.TrimPrefix(line, tail))
		}
		fmt.Println(line)
	}
}

// wrap breaks text after spaces and commas; its first line begins with head,
// the others with tail.
func wrap(text, head, tail string) string {
	var b strings.Builder
	line := head
	for _, part := range parts(text) {
		if len([]rune(line))+len([]rune(strings.TrimRight(part, " "))) > width && line != head && line != tail {
			b.WriteString(strings.TrimRight(line, " ") + "\n")
			line = tail
		}
		line += part
	}
	b.WriteString(strings.TrimRight(line, " "))
	return b.String()
}

// parts cuts text after every space and every comma of a JSON text.
func parts(text string) (all []string) {
	start := 0
	for i, r := range text {
		if r == ' ' || r == ',' {
			all = append(all, text[start:i+1])
			start = i + 1
		}
	}
	return append(all, text[start:])
}

// indent sets a text off.
func indent(text string) string {
	var b strings.Builder
	for l := range strings.Lines(text) {
		if l != "\n" {
			b.WriteString("  ")
		}
		b.WriteString(l)
	}
	return b.String()
}
