"""The programs from outside that steps of the flow need."""

from hexcoder.steps.reads import Tool

STA = Tool("sta", "OpenSTA, timing and power: apt-get install opensta", "-version")
IVERILOG = Tool("iverilog", "on Debian: apt-get install iverilog", "-V")
COMPILER = Tool("g++", "on Debian: apt-get install g++")
