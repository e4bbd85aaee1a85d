import type { Command, Option } from 'commander'
import type { Io } from './io.ts'

const examples = `
Examples:
  $ source <(pchat completion bash)
  $ pchat completion zsh > "\${fpath[1]}/_pchat"`

/** `pchat completion bash` and `zsh`: scripts that know every verb, option and fixed word of this program. */
export function addCompletion(program: Command, io: Io): void {
  program
    .command('completion')
    .description('print a script that completes pchat in bash or zsh')
    .argument('<shell>', 'bash or zsh')
    .addHelpText('after', examples)
    .action((shell: string) => {
      if (shell !== 'bash' && shell !== 'zsh') return program.error('error: Give bash or zsh.')
      io.out(shell === 'bash' ? bashScript(program) : zshScript(program))
    })
}

type Place = { path: string; words: string[]; options: readonly Option[] }

/** Each command that there is: what may follow it. */
function places(command: Command, path = ''): Place[] {
  const words = command.commands.map(one => one.name())
  const below = command.commands.flatMap(one => places(one, path === '' ? one.name() : `${path} ${one.name()}`))
  return [{ path, words, options: command.options }, ...below]
}

const quoted = (words: string[]) => `'${words.join(' ')}'`

/** Functions for both shells: what follows a path, what an option takes, and whether a word is a command there. */
function functions(program: Command): string {
  const all = places(program)
  const next = all.map(({ path, words, options }) => {
    const long = [...options.map(option => option.long ?? ''), '--help'].filter(one => one !== '')
    return `    ${quoted([path])}) _pchat_words=${quoted(words)}; _pchat_options=${quoted(long)} ;;`
  })
  const values = all.flatMap(({ path, options }) =>
    options
      .filter(takesValue)
      .map(option => `    ${quoted([`${path} ${option.long}`])}) _pchat_values=${quoted(valuesOf(option))} ;;`),
  )
  return `_pchat_next() {
  _pchat_words=; _pchat_options=
  case "$1" in
${next.join('\n')}
    *) return 1 ;;
  esac
}
# What an option takes: words, or "@file" where it is the name of one.
_pchat_takes() {
  _pchat_values=
  case "$1" in
${values.join('\n')}
    *) return 1 ;;
  esac
}
`
}

function takesValue(option: Option): boolean {
  return option.required || option.optional
}

function valuesOf(option: Option): string[] {
  if (option.argChoices) return option.argChoices
  if (option.flags.includes('[boolean]')) return ['true', 'false']
  if (/<(file|folder|place)>/.test(option.flags)) return ['@file']
  return []
}

function bashScript(program: Command): string {
  return `# Completion of pchat for bash. Load it with: source <(pchat completion bash)
${functions(program)}_pchat() {
  local current=\${COMP_WORDS[COMP_CWORD]} before=\${COMP_WORDS[COMP_CWORD - 1]} path= word found
  local _pchat_words _pchat_options _pchat_values
  COMPREPLY=()
  for word in "\${COMP_WORDS[@]:1:COMP_CWORD - 1}"; do
    found=\${path:+$path }$word
    if _pchat_next "$found"; then path=$found; fi
  done
  if [[ $before == --* ]] && _pchat_takes "$path $before"; then
    if [[ $_pchat_values == @file ]]; then COMPREPLY=($(compgen -f -- "$current"))
    else COMPREPLY=($(compgen -W "$_pchat_values" -- "$current")); fi
    return
  fi
  _pchat_next "$path"
  if [[ $current == -* ]]; then COMPREPLY=($(compgen -W "$_pchat_options" -- "$current"))
  else COMPREPLY=($(compgen -W "$_pchat_words" -- "$current")); fi
}
complete -F _pchat pchat
`
}

function zshScript(program: Command): string {
  return `#compdef pchat
# Completion of pchat for zsh. Put it into a folder of $fpath as _pchat, or load it with: source <(pchat completion zsh)
${functions(program)}_pchat() {
  local current=\${words[CURRENT]} before=\${words[CURRENT-1]} path_=  word found
  local _pchat_words _pchat_options _pchat_values
  for word in "\${(@)words[2,CURRENT-1]}"; do
    found=\${path_:+$path_ }$word
    if _pchat_next "$found"; then path_=$found; fi
  done
  if [[ $before == --* ]] && _pchat_takes "$path_ $before"; then
    if [[ $_pchat_values == @file ]]; then _files
    else compadd -- \${=_pchat_values}; fi
    return
  fi
  _pchat_next "$path_"
  if [[ $current == -* ]]; then compadd -- \${=_pchat_options}
  else compadd -- \${=_pchat_words}; fi
}
if [[ $zsh_eval_context[-1] == loadautofunc ]]; then _pchat "$@"; else (( $+functions[compdef] )) && compdef _pchat pchat; fi
`
}
