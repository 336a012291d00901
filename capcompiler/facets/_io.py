"""`_io`: what `io` is made of; here it is the other way round."""

from io import *
from io import IncrementalNewlineDecoder, text_encoding
