def run(where):
    pass
