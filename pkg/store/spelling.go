package store

import (
	"cmp"
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"hash/fnv"
	"slices"
	"strings"
	"unicode"

	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"
)

// Spelling is what names have in common that are one person's unless somebody says
// otherwise: compatible characters, case, what is not seen, and the width of spaces
// make no difference; marks and punctuation do. Empty where nothing can be seen.
func Spelling(name string) string {
	seen := strings.Map(func(r rune) rune {
		if ignorable(r) {
			return -1
		}
		return r
	}, foldCase(foldCase(name))) // what NFKC takes apart may have a case of its own
	spelling := strings.Join(strings.Fields(norm.NFKC.String(seen)), " ")
	if runes := []rune(spelling); len(runes) > SpellingWidth {
		sum := sha256.Sum256([]byte(spelling))
		rest := hex.EncodeToString(sum[:])
		return string(runes[:SpellingWidth-len(rest)]) + rest
	}
	return spelling
}

func foldCase(s string) string { return cases.Fold().String(norm.NFKC.String(s)) }

// ignorable tells whether a character is not to be seen: Unicode's property
// Default_Ignorable_Code_Point, derived as its DerivedCoreProperties.txt says.
func ignorable(r rune) bool {
	switch {
	case unicode.In(r, unicode.White_Space, unicode.Prepended_Concatenation_Mark), r >= 0xFFF9 && r <= 0xFFFB, r >= 0x13430 && r <= 0x1343F:
		return false
	}
	return unicode.In(r, unicode.Other_Default_Ignorable_Code_Point, unicode.Cf, unicode.Variation_Selector)
}

// shownName is by which name a picture is looked for: what an upload was called, else the end
// of its path.
func shownName(path, fileName string) string {
	return truncate(cmp.Or(fileName, path[strings.LastIndexByte(path, '/')+1:]), FileNameWidth)
}

// spellingSlots is how many rows spelling_locks has.
const spellingSlots = 16

const lockSpelling = `
	SELECT slot
	FROM spelling_locks
	WHERE slot = ?
	FOR UPDATE`

// lockSpellings holds whoever else would create or name a person by one of these
// spellings, until the transaction ends. It is a transaction's first lock.
func lockSpellings(ctx context.Context, tx *sql.Tx, spellings ...string) error {
	var slots []uint32
	for _, spelling := range spellings {
		hash := fnv.New32a()
		hash.Write([]byte(spelling))
		slots = append(slots, hash.Sum32()%spellingSlots)
	}
	slices.Sort(slots)
	for _, slot := range slices.Compact(slots) {
		if err := tx.QueryRowContext(ctx, lockSpelling, slot).Scan(&slot); err != nil {
			return err
		}
	}
	return nil
}
