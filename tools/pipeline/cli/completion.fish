# Completion of magpie for fish: magpie completion fish | source

function __magpie_complete
	set -l words (commandline --tokenize --current-process --cut-at-cursor)
	set -l program $words[1]
	set -e words[1]
	$program complete -- $words (commandline --current-token --cut-at-cursor) 2>/dev/null
end

complete --command magpie --no-files --arguments '(__magpie_complete)'
