package icon

import (
	"maps"
	"slices"
)

// Name chooses a drawing.
type Name string

// The drawings. Each is named for what it shows or, where the picture is a convention, for what it means.
const (
	ArrowDown  Name = "arrow-down"
	ArrowLeft  Name = "arrow-left"
	ArrowRight Name = "arrow-right"
	Book       Name = "book"
	Box        Name = "box"
	Check      Name = "check"
	Chevron    Name = "chevron"
	Close      Name = "close"
	Code       Name = "code"
	Copy       Name = "copy"
	External   Name = "external"
	File       Name = "file"
	Graph      Name = "graph"
	Hash       Name = "hash"
	Info       Name = "info"
	Leave      Name = "leave"
	Lock       Name = "lock"
	Menu       Name = "menu"
	Message    Name = "message"
	Moon       Name = "moon"
	Offline    Name = "offline"
	People     Name = "people"
	Plus       Name = "plus"
	Retry      Name = "retry"
	Screen     Name = "screen"
	Search     Name = "search"
	Send       Name = "send"
	Settings   Name = "settings"
	Sun        Name = "sun"
	Warning    Name = "warning"
)

// Names returns every name in alphabetical order.
func Names() []Name {
	return slices.Sorted(maps.Keys(shapes))
}

// shapes holds the path of each drawing. Circles are two arcs, so that every icon is a single path.
var shapes = map[Name]string{
	ArrowDown:  "M12 5v14m-6-6 6 6 6-6",
	ArrowLeft:  "M19 12H5m6-6-6 6 6 6",
	ArrowRight: "M5 12h14m-6-6 6 6-6 6",
	Book:       "M12 7c-2-1.6-4.6-2-8-2v13c3.4 0 6 .4 8 2 2-1.6 4.6-2 8-2V5c-3.4 0-6 .4-8 2zM12 7v13",
	Box:        "M12 3 4 7.5v9L12 21l8-4.5v-9zM4 7.5l8 4.5 8-4.5M12 12v9",
	Check:      "m5 12.5 4.5 4.5L19 7.5",
	Chevron:    "m9 6 6 6-6 6",
	Close:      "M6 6l12 12M18 6 6 18",
	Code:       "m8 7-5 5 5 5M16 7l5 5-5 5M13.5 5l-3 14",
	Copy:       "M9 9h11v11H9zM15 9V4H4v11h5",
	External:   "M18 13v6H5V6h6M14 4h6v6M20 4l-9 9",
	File:       "M6 3h8l4 4v14H6zM14 3v4h4M9 12h6M9 16h6",
	Graph:      "M9 4h6v5H9zM3 15h6v5H3zM15 15h6v5h-6zM12 9v3M6 15v-3h12v3",
	Hash:       "M10 4 8 20M16 4l-2 16M5 9h15M4 15h15",
	Info:       "M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18zM12 11v5M12 7.5v.1",
	Leave:      "M10 4H5v16h5M10 12h10M16 8l4 4-4 4",
	Lock:       "M6 11h12v9H6zM8.5 11V8a3.5 3.5 0 0 1 7 0v3",
	Menu:       "M4 7h16M4 12h16M4 17h16",
	Message:    "M4 5h16v11h-8l-5 4v-4H4z",
	Moon:       "M19.5 14.5A8 8 0 0 1 9.5 4.5a8 8 0 1 0 10 10z",
	Offline:    "M4 4l16 16M8.5 14.5a5 5 0 0 1 5-1M5 11a10 10 0 0 1 4-2.4M13 7.7a10 10 0 0 1 6 3.3M12 18v.1",
	People:     "M9 4.5a3.5 3.5 0 1 0 0 7 3.5 3.5 0 0 0 0-7zM2.5 20c0-3.5 2.9-5.5 6.5-5.5s6.5 2 6.5 5.5M16 5a3.5 3.5 0 0 1 0 6.3M18 14.9c2.2.7 3.5 2.5 3.5 5.1",
	Plus:       "M12 5v14M5 12h14",
	Retry:      "M19.5 12A7.5 7.5 0 1 1 17 6.4L20 9M20 4v5h-5",
	Screen:     "M3 4h18v12H3zM12 16v4M8 20h8",
	Search:     "M10.5 4a6.5 6.5 0 1 0 0 13 6.5 6.5 0 0 0 0-13zM15.3 15.3 20.5 20.5",
	Send:       "M4 4l17 8-17 8 3-8zM7 12h14",
	Settings:   "M4 8h9M17 8h3M4 16h3M11 16h9M15 6a2 2 0 1 0 0 4 2 2 0 0 0 0-4zM9 14a2 2 0 1 0 0 4 2 2 0 0 0 0-4z",
	Sun:        "M12 8a4 4 0 1 0 0 8 4 4 0 0 0 0-8zM12 2.5v2M12 19.5v2M2.5 12h2M19.5 12h2M5.3 5.3l1.4 1.4M17.3 17.3l1.4 1.4M18.7 5.3l-1.4 1.4M6.7 17.3l-1.4 1.4",
	Warning:    "M12 4 2.5 20h19zM12 10v5M12 17.5v.1",
}
