"""The logger of `asyncio`, made when something is to be logged."""


class _Logger:
    def __getattr__(self, name):
        import logging

        return getattr(logging.getLogger("asyncio"), name)


logger = _Logger()
