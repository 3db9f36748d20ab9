# SPDX-License-Identifier: GPL-2.0-or-later
"""Examples of pages: what is indented in Markdown or between .nf and .fi in a manual page, and rules in a sentence."""
import json
import re

# A rule begins with one of these, and says what to do.
RULE = re.compile(r'(?:quic|udp|ip6?|iifname|oifname|ct|meta|fib|update|add) [^ ]')
DOES = re.compile(r'\b(?:accept|drop|reject|counter|notrack|masquerade|redirect to|dnat|snat|goto|jump|vmap|set [^ ]|add @|update @)')


def unroff(text):
    text = re.sub(r'\\f[BIRP]', '', text)
    return text.replace('\\-', '-').replace('\\&', '').replace('\\e', '\\')


def blocks(path):
    """The examples of a page: [(line number, text)]. Not a manual's synopsis."""
    with open(path) as f:
        lines = f.read().split('\n')
    if path.endswith('.md'):
        return markdown(lines)
    found, start, section = [], None, ''
    for n, line in enumerate(lines, 1):
        if line.startswith('.SH'):
            section = line[4:]
        if line == '.nf':
            start = n + 1
        elif line == '.fi' and start and section != 'SYNOPSIS':
            found.append((start, unroff('\n'.join(x for x in lines[start - 1:n - 1] if not x.startswith('.')))))
            start = None
    return found


def markdown(lines):
    found, block, start, fence = [], [], 0, False
    for n, line in enumerate(lines + ['end'], 1):
        if line.startswith('```'):
            fence = not fence
            line = ''
        inside = fence or line.startswith('\t') or (block and not line)
        if inside and (block or line):
            start = start if block else n
            block.append(line)
        elif block and not inside:
            text = '\n'.join(block).rstrip()
            depth = len(re.match(r'\t*', text).group())
            found.append((start, re.sub(r'^\t{%d}' % depth, '', text, flags=re.M)))
            block = []
    return found


def sentences(path):
    """Rules in backquotes: [(line number, text)]; a word in capitals, or dots, make it a pattern."""
    found = []
    with open(path) as f:
        for n, line in enumerate(f, 1):
            for text in re.findall(r'`([^`]+)`', line):
                if RULE.match(text) and DOES.search(text) and not re.search(r'\.\.\.|\b[A-Z]{2,}\b', text):
                    found.append((n, text))
    return found


def statements(text):
    """A block as nft would read it, comments and all: one string for each line, or for each pair of braces."""
    found, depth = [], 0
    for line in text.split('\n'):
        bare = re.sub(r'"[^"]*"', '', line).split('#')[0]
        if depth:
            found[-1] += '\n' + line
        elif line.strip():
            found.append(line)
        depth += bare.count('{') - bare.count('}')
    return found


def objects(text):
    """The JSON objects that stand one behind the other in a text, or none if it is something else."""
    found, at, text = [], 0, text.strip()
    try:
        while at < len(text):
            obj, at = json.JSONDecoder().raw_decode(text, at)
            found.append(obj)
            at += len(text[at:]) - len(text[at:].lstrip())
    except ValueError:
        return []
    return found
