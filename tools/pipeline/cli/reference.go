package cli

import "slices"

// A reference is all commands and flags as data, for pages about them: what "-h -json" writes.
type reference struct {
	Commands []commandReference `json:"commands"`
	Flags    []flagReference    `json:"flags"`
}

type commandReference struct {
	// Name is empty for the run of tasks.
	Name string `json:"name"`
	// Words are what may follow the name.
	Words string `json:"words"`
	Help  string `json:"help"`
	// Flags are the names of those that it takes.
	Flags []string `json:"flags"`
}

type flagReference struct {
	Name string `json:"name"`
	// Usage is how it is written, such as "-filter=modules".
	Usage string `json:"usage"`
	Help  string `json:"help"`
	// Group is the heading it stands under in the help.
	Group string `json:"group"`
	// Preset is what holds without the flag, and Words are the values that there are, where there are so few.
	Preset string   `json:"preset"`
	Words  []string `json:"words"`
}

func (c *CLI) reference() reference {
	r := reference{}
	for _, command := range slices.Concat([]*command{runTasks}, c.commands) {
		if command != runTasks && command.help == "" {
			continue
		}
		known := commandReference{Name: command.name, Words: command.words, Help: command.help, Flags: []string{}}
		for i := range flags {
			if flags[i].group != general && command.takes(&flags[i]) {
				known.Flags = append(known.Flags, flags[i].name)
			}
		}
		r.Commands = append(r.Commands, known)
	}
	for i := range flags {
		f := &flags[i]
		r.Flags = append(r.Flags, flagReference{
			Name: f.name, Usage: f.usage(), Help: f.help, Group: string(f.group), Preset: f.preset, Words: append([]string{}, f.words...),
		})
	}
	return r
}
