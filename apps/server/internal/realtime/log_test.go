package realtime

import (
	"testing"

	"magpie.build/packages/pubsub"
)

// TestTheEndOfALogIsSettledOnlyWhereNothingCanBeMissing follows ends through deliveries (d), breaks
// (b) and history reads (h).
func TestTheEndOfALogIsSettledOnlyWhereNothingCanBeMissing(t *testing.T) {
	at := func(offset uint64) pubsub.Position { return pubsub.Position{Epoch: "e", Offset: offset} }
	other := pubsub.Position{Epoch: "f", Offset: 1}
	type step struct {
		kind     byte
		position pubsub.Position
	}
	for name, test := range map[string]struct {
		steps []step
		want  logEnd
	}{
		"nothing is known":                    {nil, logEnd{}},
		"a delivery alone settles nothing":    {[]step{{'d', at(3)}}, logEnd{at(3), false}},
		"a read settles":                      {[]step{{'h', at(3)}}, logEnd{at(3), true}},
		"an old delivery after a read":        {[]step{{'h', at(3)}, {'d', at(2)}}, logEnd{at(3), true}},
		"the next delivery after a read":      {[]step{{'h', at(3)}, {'d', at(4)}}, logEnd{at(4), true}},
		"a read older than a delivery":        {[]step{{'d', at(5)}, {'h', at(4)}}, logEnd{at(5), true}},
		"a read newer than a delivery":        {[]step{{'d', at(2)}, {'h', at(4)}}, logEnd{at(4), true}},
		"a read of another epoch":             {[]step{{'d', at(2)}, {'h', other}}, logEnd{at(2), false}},
		"a second read":                       {[]step{{'h', at(3)}, {'h', at(9)}}, logEnd{at(3), true}},
		"a gap":                               {[]step{{'h', at(3)}, {'d', at(5)}}, logEnd{at(5), false}},
		"another epoch":                       {[]step{{'h', at(3)}, {'d', other}}, logEnd{other, false}},
		"a break":                             {[]step{{'h', at(3)}, {'b', at(7)}}, logEnd{}},
		"a publication without history":       {[]step{{'h', at(3)}, {'d', pubsub.Position{}}}, logEnd{at(3), true}},
		"a stale delivery, then a first read": {[]step{{'d', at(1)}, {'h', at(6)}, {'d', at(7)}}, logEnd{at(7), true}},
	} {
		t.Run(name, func(t *testing.T) {
			var end logEnd
			for _, s := range test.steps {
				switch s.kind {
				case 'd':
					end.follow(&entry{kind: entryPublication, position: s.position})
				case 'b':
					end.follow(&entry{kind: entryBreak, position: s.position})
				case 'h':
					end.learn(s.position)
				}
			}
			if end != test.want {
				t.Errorf("the end is %+v and not %+v", end, test.want)
			}
		})
	}
}
