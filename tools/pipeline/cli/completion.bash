# Completion of magpie for bash: source <(magpie completion bash)

_magpie() {
	local line="${COMP_LINE:0:COMP_POINT}" word before candidate
	local -a words
	read -ra words <<<"$line"
	[[ $line =~ [[:space:]]$ ]] && words+=("")
	# Bash replaces only what follows a "=" or ":" in the word, and hands that over as the second argument.
	word="${words[-1]}"
	before="${word%"$2"}"
	COMPREPLY=()
	while IFS=$'\t' read -r candidate _; do
		COMPREPLY+=("${candidate#"$before"}")
	done < <("$1" complete -- "${words[@]:1}" 2>/dev/null)
	if [[ ${#COMPREPLY[@]} -eq 1 && ${COMPREPLY[0]} == *[=/] ]]; then
		compopt -o nospace 2>/dev/null
	fi
}

complete -F _magpie magpie
