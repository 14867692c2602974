"""Compiling ONNX for the Myriad X with Intel's own compiler, offline: no device, no cloud.

compile     the way in: one model to one blob, in a process of its own
refusals    models the compiler would get wrong or cannot read, told before it is started
complaints  what the compiler said when it failed, in words a person can use
stages      which layer of the model each stage of the blob came from
contract    the blob's inputs and outputs against the model's
libraries   the compiler's files, pinned by content

worker      runs inside the compiler's process
core        the compiler's C++ functions it calls
cxx         C++ objects laid out by hand
imports     functions a loaded library calls, replaced: how the wait for a device is left out
"""
