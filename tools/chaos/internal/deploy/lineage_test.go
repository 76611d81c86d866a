package deploy

import (
	"reflect"
	"testing"
	"time"

	"magpie.build/tools/chaos/internal/record"
)

// at is an answer at a second of the run, asked a tenth before.
func at(second float64, role Role) Role {
	role.Answered = time.Duration(second * float64(time.Second))
	role.Asked = role.Answered - 100*time.Millisecond
	return role
}

func master(id string, offset int64) Role  { return Role{Master: true, ID: id, Offset: offset} }
func replica(id string, offset int64) Role { return Role{ID: id, Offset: offset} }

// alone is a master that nobody replicates.
func alone(id string, written int64) Role { return Role{Master: true, ID: id, Written: written} }

func promoted(id string, offset int64, second string, end int64) Role {
	return Role{Master: true, ID: id, Offset: offset, Second: second, SecondEnd: end}
}

func TestLossesAreWhatRedisItselfSaysThatItLost(t *testing.T) {
	t.Parallel()
	seconds := func(n float64) time.Duration { return time.Duration(n * float64(time.Second)) }
	for _, c := range []struct {
		name    string
		said    map[string][]Role
		masters []string
		want    []Loss
	}{
		{
			"nobody was promoted", map[string][]Role{
				"a": {at(1, master("A", 10)), at(2, master("A", 20))},
				"b": {at(1, replica("A", 10)), at(2, replica("A", 20))},
			}, []string{"a"}, nil,
		},
		{
			"a replica that lacks some is promoted",
			map[string][]Role{
				"a": {at(1, master("A", 10)), at(2, master("A", 20)), at(3, master("A", 30)), at(9, replica("B", 40))},
				"b": {at(1, replica("A", 10)), at(2, replica("A", 20)), at(3, replica("A", 25)), at(4, promoted("B", 25, "A", 26)), at(9, promoted("B", 40, "A", 26))},
			},
			[]string{"b"},
			[]Loss{{record.Span{From: seconds(1.9), To: seconds(9)}, "a"}},
		},
		{
			"a replica that has all is promoted: what its master was sent in the last moment is doubtful",
			map[string][]Role{
				"a": {at(1, master("A", 10)), at(2, master("A", 20)), at(2.1, Role{Gone: true}), at(2.2, Role{Gone: true}), at(7, master("C", 0)), at(8, replica("B", 40))},
				"b": {at(1, replica("A", 10)), at(3, promoted("B", 20, "A", 21)), at(9, promoted("B", 40, "A", 21))},
			},
			[]string{"b"},
			[]Loss{{record.Span{From: seconds(1.9), To: seconds(2.1)}, "a"}, {record.Span{From: seconds(2.1), To: seconds(8)}, "a"}},
		},
		{
			"two masters at once, of which one is forgotten in the end",
			map[string][]Role{
				"a": {
					at(1, master("A", 10)), at(2, master("A", 20)), at(3, master("A", 20)), at(4, master("A", 20)),
					at(5, master("A", 25)), at(6, master("A", 30)), at(7, master("A", 30)), at(8, master("A", 30)), at(9, master("A", 31)),
				},
				"b": {at(1, replica("A", 10)), at(3, promoted("B", 15, "A", 16)), at(4, promoted("B", 18, "A", 16)), at(9, promoted("B", 40, "A", 16))},
			},
			[]string{"b"},
			[]Loss{{record.Span{From: seconds(0.9), To: seconds(2)}, "a"}, {record.Span{From: seconds(3.9), To: seconds(6)}, "a"}, {record.Span{From: seconds(7.9), To: seconds(9)}, "a"}},
		},
		{
			"a master is started again", map[string][]Role{
				"a": {at(1, master("A", 10)), at(2, master("A", 20)), at(4, master("C", 0)), at(9, master("C", 7))},
				"b": {at(1, replica("A", 10)), at(5, replica("C", 0))},
			}, []string{"a"}, nil,
		},
		{
			"one that was started again is master for a while, and nobody hears it",
			map[string][]Role{
				"a": {at(1, master("A", 10)), at(3, alone("D", 9)), at(4, alone("D", 9)), at(5, replica("B", 15))},
				"b": {at(1, replica("A", 10)), at(2, promoted("B", 10, "A", 11)), at(9, promoted("B", 15, "A", 11))},
			},
			[]string{"b"},
			[]Loss{
				{record.Span{From: seconds(0.9), To: seconds(3)}, "a"},
				{record.Span{From: seconds(0.9), To: seconds(3)}, "a"},
				{record.Span{From: seconds(3.9), To: seconds(5)}, "a"},
			},
		},
		{
			"one that was started again accepts something, and is not followed",
			map[string][]Role{
				"a": {at(1, Role{Gone: true}), at(2, Role{Gone: true}), at(3, alone("C", 1)), at(4, alone("C", 1)), at(5, alone("C", 2)), at(6, alone("C", 2)), at(7, replica("B", 15))},
				"b": {at(1, master("B", 10)), at(9, master("B", 15))},
			},
			[]string{"b"},
			[]Loss{
				{record.Span{From: seconds(1.9), To: seconds(3)}, "a"},
				{record.Span{From: seconds(3.9), To: seconds(5)}, "a"},
				{record.Span{From: seconds(5.9), To: seconds(7)}, "a"},
			},
		},
		{
			"two failovers in a row",
			map[string][]Role{
				"a": {at(1, master("A", 10)), at(3, replica("B", 12)), at(5, promoted("C", 15, "B", 16)), at(9, promoted("C", 20, "B", 16))},
				"b": {at(1, replica("A", 10)), at(2, promoted("B", 10, "A", 11)), at(4, promoted("B", 18, "A", 11)), at(6, replica("C", 16))},
			},
			[]string{"a"},
			[]Loss{{record.Span{From: seconds(0.9), To: seconds(3)}, "a"}, {record.Span{From: seconds(1.9), To: seconds(6)}, "b"}},
		},
		{
			"a replica that had not all yet is promoted",
			map[string][]Role{
				"a": {at(1, master("A", 10)), at(8, replica("B", 1))},
				"b": {at(1, Role{ID: "x", Syncing: true}), at(2, promoted("B", 0, "x", 1)), at(9, promoted("B", 1, "x", 1))},
			},
			[]string{"b"},
			[]Loss{{record.Span{From: 0, To: seconds(8)}, "a"}, {record.Span{From: 0, To: seconds(2)}, "b"}},
		},
		{
			"a replica is started again as a master",
			map[string][]Role{
				"a": {at(1, master("A", 10)), at(2, master("A", 20)), at(8, replica("B", 1))},
				"b": {at(1, replica("A", 10)), at(2, replica("A", 15)), at(4, master("B", 0)), at(9, master("B", 1))},
			},
			[]string{"b"},
			[]Loss{{record.Span{From: seconds(0.9), To: seconds(8)}, "a"}},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			if got := losses(c.said, c.masters); !reflect.DeepEqual(got, c.want) {
				t.Errorf("losses are %v, want %v", got, c.want)
			}
		})
	}
}
