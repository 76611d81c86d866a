#compdef magpie
# Completion of magpie for zsh: source <(magpie completion zsh)

_magpie() {
	local word help
	local -a whole open
	while IFS=$'\t' read -r word help; do
		word="${word//:/\\:}"
		if [[ $word == *[=/] ]]; then
			open+=("$word:$help")
		else
			whole+=("$word:$help")
		fi
	done < <("${words[1]}" complete -- "${(@)words[2,CURRENT]}" 2>/dev/null)
	_describe -t magpie magpie open -S '' -- whole
}

# As a function of the completion system this file is called; sourced, it tells the system about itself.
if [[ ${funcstack[1]} == _magpie ]]; then
	_magpie "$@"
else
	compdef _magpie magpie
fi
