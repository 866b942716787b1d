"""What the floor workflows of this process do: outside the workflow sandbox, which loads their module anew each time."""

from bench.shapes import Shape


class FloorScript:
    """The shape that all floor workflows of this process have."""

    def __init__(self) -> None:
        self._shape: Shape | None = None

    def learn(self, shape: Shape) -> None:
        """From now on do it like this."""
        self._shape = shape

    @property
    def shape(self) -> Shape:
        """What to do.

        Raises:
            RuntimeError: nobody said it yet.
        """
        if self._shape is None:
            raise RuntimeError("this process was given no shape")
        return self._shape


SCRIPT = FloorScript()
