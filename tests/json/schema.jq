# schema.jq - does the input fit $schema? The parts of JSON Schema that docs/json-schema.json uses.
# SPDX-License-Identifier: GPL-3.0-or-later
def kind: if type == "number" and floor == . then "integer" else type end;

def fits($want; $root):
	. as $value
	| if ($want | has("$ref")) then
		fits($root | getpath($want["$ref"] | ltrimstr("#/") | split("/")); $root)
	elif ($want | has("anyOf")) then
		any($want.anyOf[]; . as $one | $value | fits($one; $root))
	else
		(($want | has("enum") | not) or any($want.enum[]; . == $value))
		and (($want | has("type") | not)
			or any($want.type | if type == "array" then .[] else . end; . == ($value | kind) or (. == "number" and ($value | type) == "number")))
		and (($want | has("pattern") | not) or type != "string" or test($want.pattern))
		and (($want | has("items") | not) or type != "array"
			or all(.[]; fits($want.items; $root)))
		and (type != "object"
			or (all(($want.required // [])[]; . as $key | $value | has($key))
				and all(keys[]; . as $key
					| if ($want.properties // {} | has($key)) then
						($value[$key] | fits($want.properties[$key]; $root))
					elif ($want | has("additionalProperties") | not) then true
					elif ($want.additionalProperties | type) == "boolean" then
						$want.additionalProperties
					else
						($value[$key] | fits($want.additionalProperties; $root))
					end)))
	end;

# Input: {"command": NAME, "answer": a line}. What does not fit comes out.
select((.command as $name | .answer | (has("error") and fits($schema["$defs"].error; $schema))
	or (has("warning") and fits($schema["$defs"].warning; $schema))
	or fits($schema["$defs"].commands[$name] // {"enum": []}; $schema)) | not)
