package manifest

import (
	"fmt"
	"strings"
)

// maxSuggestions is how many misspellings of one file are looked up. A file of
// nothing else should not take minutes to refuse.
const maxSuggestions = 100

// didYouMean returns "; did you mean …?" with the one of choices that is
// spelled most like s, or "" if none is near.
func (p *parser) didYouMean(s string, choices []string) string {
	if p.suggested++; p.suggested > maxSuggestions || len(s) > 100 {
		return ""
	}
	if best := nearestSpelling(s, choices); best != "" {
		return fmt.Sprintf("; did you mean %q?", best)
	}
	return ""
}

// nearestSpelling returns the choice at the least distance from s, if it is
// at most a third of its length, or 1. Case counts little; the first of
// equals wins.
func nearestSpelling(s string, choices []string) string {
	best, least := "", 2*max(1, len(s)/3)+2
	for _, c := range choices {
		if d := 2*len(s) - 2*len(c); d >= least || -d >= least {
			continue
		}
		d := 2 * spellingDistance(strings.ToLower(s), strings.ToLower(c))
		if !strings.EqualFold(s, c) && s != c {
			d++ // so that a choice which differs in case alone comes first
		}
		if d < least {
			best, least = c, d
		}
	}
	return best
}

// spellingDistance counts the insertions, deletions, substitutions and
// transpositions of neighbours that make b of a, bytes for letters.
func spellingDistance(a, b string) int {
	before, last := make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range last {
		last[j] = j
	}
	for i := range len(a) {
		row := make([]int, len(b)+1)
		row[0] = i + 1
		for j := range len(b) {
			cost := 1
			if a[i] == b[j] {
				cost = 0
			}
			row[j+1] = min(last[j]+cost, last[j+1]+1, row[j]+1)
			if i > 0 && j > 0 && a[i] == b[j-1] && a[i-1] == b[j] {
				row[j+1] = min(row[j+1], before[j-1]+1)
			}
		}
		before, last = last, row
	}
	return last[len(b)]
}
