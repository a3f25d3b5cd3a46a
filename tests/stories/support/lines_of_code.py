#!/usr/bin/env python3
"""Prints how many lines of a Python program are code: no blank ones, comments or documentation.

usage: lines_of_code.py FILE
"""
import ast
import sys
import tokenize

SILENT = (tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT, tokenize.ENDMARKER)


def main():
    with open(sys.argv[1], encoding='utf-8') as file:
        tree = ast.parse(file.read())
        file.seek(0)
        lines = {line for token in tokenize.generate_tokens(file.readline) if token.type not in SILENT
                 for line in range(token.start[0], token.end[0] + 1)}
    for node in ast.walk(tree):
        if isinstance(node, (ast.Module, ast.FunctionDef, ast.ClassDef)) and ast.get_docstring(node):
            lines -= set(range(node.body[0].lineno, node.body[0].end_lineno + 1))
    print(len(lines))


main()
