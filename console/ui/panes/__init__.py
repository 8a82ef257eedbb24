"""The five panes and the strip: each draws one part of the view and posts what the operator asks for."""
